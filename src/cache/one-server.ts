import type { RedisServers } from '../config/redis-servers.js';
import { Line } from './line.js';
import { RedisConnection, UnfitRedis } from './redis-connection.js';
import { Sentinels } from './sentinels.js';
import { dataSetOf, serverIdentity } from './server-identity.js';
import type { Post, Rank, Role, Servers, ServerView, Sighting } from './sighting.js';

/** Its absence tells of a flush; not under the prefix of entries. */
const SENTINEL_KEY = 'evercount:sentinel';

const ALL_KEYS = (): number => 0;

/** One primary, which an URL leads to, or Sentinel. It is one unit. */
export class OneServer implements Servers {
  readonly unitCount = 1;
  private readonly connection: RedisConnection;
  private readonly sentinels: Sentinels | null;
  private seenRole: Role | null = null;
  private lastLine: Line | null = null;
  private lastSeen: Post | null = null;

  constructor(servers: RedisServers, commandTimeoutMs: number) {
    this.connection = new RedisConnection(servers, commandTimeoutMs);
    this.sentinels = servers.sentinel === null ? null : new Sentinels(servers.sentinel);
  }

  get foundBy(): 'url' | 'sentinel' {
    return this.sentinels === null ? 'url' : 'sentinel';
  }

  get views(): readonly ServerView[] {
    return [{ address: this.connection.address, role: this.seenRole, units: 1 }];
  }

  get fault(): string | null {
    return this.connection.fault;
  }

  unitOf(): number {
    return 0;
  }

  ownerOf(): Post | null {
    return this.lastSeen;
  }

  lineOf(): Line {
    this.lastLine = Line.of(this.connection, this.lastLine);
    return this.lastLine;
  }

  lines(): readonly Line[] {
    return [this.lineOf()];
  }

  sentinelKeyOf(): string {
    return SENTINEL_KEY;
  }

  async look(): Promise<readonly (Sighting | null)[]> {
    return [await this.sight().catch(() => null)];
  }

  leave(): void {
    this.connection.reconnect();
  }

  onTurn(listener: () => void): void {
    this.connection.onTurn(listener);
  }

  whenReady(): Promise<void> {
    return this.connection.whenReady();
  }

  close(): void {
    this.connection.close();
    this.sentinels?.close();
  }

  /** @throws CacheUnavailable, UnfitRedis where it is a replica */
  private async sight(): Promise<Sighting> {
    const line = this.lineOf();
    try {
      const [said, sentinel] = await line.send([
        ['info', 'server', 'replication'],
        ['get', SENTINEL_KEY],
      ]);
      const info = textOf(said);
      const server = serverIdentity(info);
      if (server === null) throw new UnfitRedis('INFO does not name run_id and master_replid');
      this.seenRole = dataSetOf(info) === null ? 'replica' : 'primary';
      if (this.seenRole === 'replica') throw new UnfitRedis('it is a replica');
      this.connection.noteAnswer();
      this.lastSeen = { server, line };
      return {
        place: server,
        posts: [this.lastSeen],
        postOf: ALL_KEYS,
        rank: () => this.rank(),
        isMoving: false,
        sentinel: sentinel === null ? null : textOf(sentinel),
      };
    } catch (error) {
      this.connection.noteFailure(error);
      if (!(error instanceof UnfitRedis)) this.seenRole = null;
      // Whoever knows which server took its place is asked again.
      else if (this.sentinels !== null) this.connection.reconnect();
      throw error;
    }
  }

  private async rank(): Promise<Rank> {
    if (this.sentinels === null) return { kind: 'alone' };
    const newest = await this.sentinels.newest();
    if (newest === null) return { kind: 'unknown' };
    return newest.address === this.connection.address
      ? { kind: 'elected', epoch: newest.epoch, isWhole: true }
      : { kind: 'overtaken' };
  }
}

function textOf(reply: unknown): string {
  if (reply instanceof Error) throw reply;
  return String(reply);
}
