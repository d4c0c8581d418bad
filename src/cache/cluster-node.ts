import { type OwnView, ownViewIn } from './cluster-map.js';
import { Line } from './line.js';
import { RedisConnection, UnfitRedis } from './redis-connection.js';
import type { RedisServers } from '../config/redis-servers.js';
import { dataSetOf, serverIdentity } from './server-identity.js';
import type { Role } from './sighting.js';

/** What one server of a cluster answered. */
export interface NodeAnswer {
  readonly node: ClusterNode;
  /** `run_id:master_replid` */
  readonly server: string;
  readonly line: Line;
  readonly view: OwnView;
  /** Its answer to `CLUSTER NODES`. */
  readonly nodes: string;
  /** What it held, of the keys that it was asked for; undefined where it would not say. */
  readonly held: ReadonlyMap<string, string | null | undefined>;
}

/** One server of a cluster, and the connection to it. */
export class ClusterNode {
  /** Looks in a row at which nobody told of it. */
  unheardOf = 0;
  /** What it said of itself last; null where it does not answer. */
  role: Role | null = null;
  /** Of the cluster's, as it said last. */
  id: string | null = null;
  private readonly connection: RedisConnection;
  private lastLine: Line | null = null;

  /**
   * @param address `host:port` as the cluster tells it, or as it was configured
   * @param servers where that leads
   * @param isSeed whether it was configured, and not told by the cluster
   */
  constructor(
    readonly address: string,
    servers: RedisServers,
    readonly isSeed: boolean,
    commandTimeoutMs: number,
  ) {
    this.connection = new RedisConnection(servers, commandTimeoutMs, address);
  }

  /** Why it cannot be used, as far as is known; null while it can. */
  get fault(): string | null {
    return this.connection.fault;
  }

  /** The connection as it is now; the same object for as long as it lasts. */
  get line(): Line {
    this.lastLine = Line.of(this.connection, this.lastLine);
    return this.lastLine;
  }

  /** Calls back whenever a connection is there, and whenever it is gone. */
  onTurn(listener: () => void): void {
    this.connection.onTurn(listener);
  }

  /**
   * Asks it who it is, which slots it claims, and for some keys; null where it does not answer, or cannot be used.
   *
   * @param keys of slots that it had at the last look
   */
  async ask(keys: readonly string[]): Promise<NodeAnswer | null> {
    const { line } = this;
    try {
      const [nodes, said, ...values] = await line.send([
        ['cluster', 'NODES'],
        ['info', 'server', 'replication'],
        ...keys.map((key) => ['get', key] as const),
      ]);
      if (nodes instanceof Error) throw nodes;
      if (said instanceof Error) throw said;
      const server = serverIdentity(String(said));
      const view = ownViewIn(String(nodes));
      if (server === null) throw new UnfitRedis('INFO does not name run_id and master_replid');
      if (view === null) throw new UnfitRedis('CLUSTER NODES does not name the server itself');
      this.connection.noteAnswer();
      this.id = view.id;
      // It has both names for itself, or is just about to change from one to the other.
      const isPrimary = view.isPrimary && dataSetOf(String(said)) !== null;
      this.role = isPrimary ? 'primary' : 'replica';
      const held = new Map(keys.map((key, index) => [key, textOrNull(values[index])]));
      return { node: this, server, line, nodes: String(nodes), held, view: isPrimary ? view : { ...view, slots: [] } };
    } catch (error) {
      this.connection.noteFailure(error);
      this.role = null;
      return null;
    }
  }

  close(): void {
    this.connection.close();
  }
}

function textOrNull(reply: unknown): string | null | undefined {
  return typeof reply === 'string' || reply === null ? reply : undefined;
}
