import type { RedisServers } from '../config/redis-servers.js';
import { dataSetOf, serverIdentity } from './identity.js';
import { type Command, RedisConnection, unavailable, UnfitRedis } from './redis-connection.js';
import { Sentinels } from './sentinels.js';

/** Redis answers in microseconds; what takes this long is as good as away, and reads go to Postgres. */
export const COMMAND_TIMEOUT_MS = 250;

/** Its absence tells of a flush; not under the prefix of entries. */
export const SENTINEL_KEY = 'evercount:sentinel';

/**
 * Whether the Redis at hand is newer than another one that was named.
 *
 * - `alone`: nobody elects; two instances with different servers were configured so.
 * - `elected`: in this election of Sentinel's; the higher one is the newer.
 * - `overtaken`: Sentinel leads elsewhere.
 * - `unknown`: no Sentinel answers.
 */
export type Rank =
  { readonly kind: 'alone' | 'overtaken' | 'unknown' } | { readonly kind: 'elected'; readonly epoch: number };

/** What the server at the other end says of itself. */
export type Role = 'primary' | 'replica';

/** What keys hold, and what their server was right after that. */
export interface Values {
  readonly values: readonly (string | null)[];
  /** See `dataSetOf`. */
  readonly dataSet: string | null;
}

/** Which Redis answered, over which connection. */
export interface Sighting {
  /** `run_id:master_replid` */
  readonly server: string;
  readonly generation: number;
  /** The digest of the identity whose entries are in there, as the first instance noted it; null after a flush. */
  readonly sentinel: string | null;
}

/**
 * Where entries live: these data, on these servers. Whoever asks it for something asks the one server that the last look
 * found, over the connection by which it was found. A single Redis is a realm of one unit.
 */
export class Realm {
  private readonly connection: RedisConnection;
  private readonly sentinels: Sentinels | null;
  private seenRole: Role | null = null;

  /** @param commandTimeoutMs who serves nobody may wait longer */
  constructor(servers: RedisServers, commandTimeoutMs = COMMAND_TIMEOUT_MS) {
    this.connection = new RedisConnection(servers, commandTimeoutMs);
    this.sentinels = servers.sentinel === null ? null : new Sentinels(servers.sentinel);
  }

  /** `host:port` of the server at the other end, under Sentinel as that tells it. */
  get address(): string {
    return this.connection.address;
  }

  /** What led to that server. */
  get foundBy(): 'url' | 'sentinel' {
    return this.sentinels === null ? 'url' : 'sentinel';
  }

  /** What that server said of itself last; null where it does not answer. */
  get role(): Role | null {
    return this.seenRole;
  }

  /** Counts the connections; what was learned over an earlier one says nothing about this one. */
  get generation(): number {
    return this.connection.generation;
  }

  get isReady(): boolean {
    return this.connection.isReady;
  }

  /** Why it cannot be used, as far as is known; null while it can. */
  get fault(): string | null {
    return this.connection.fault;
  }

  /** Calls back whenever the realm can be reached, and whenever it cannot be any more. */
  onTurn(listener: () => void): void {
    this.connection.onTurn(listener);
  }

  /**
   * Settles when commands are taken.
   *
   * @throws what went wrong first; it goes on trying
   */
  whenReady(): Promise<void> {
    return this.connection.whenReady();
  }

  /**
   * Sends commands in one pipeline.
   *
   * @returns for each its reply, or the error by which Redis refused it
   * @throws CacheUnavailable where that is not known of every one: some may still run
   */
  send(commands: readonly Command[]): Promise<unknown[]> {
    return this.connection.send(commands);
  }

  /**
   * Sends one command.
   *
   * @throws CacheUnavailable also where Redis refused it
   */
  ask(command: Command): Promise<unknown> {
    return this.connection.ask(command);
  }

  /**
   * The values of keys, or null, and whose they are. A server that was demoted goes on answering those who stayed, and
   * soon with what an older one had: so it is asked behind each look, which takes it a microsecond (`WAIT 0 0`, which a
   * replica refuses, takes less, but would not tell that it was demoted and promoted again).
   */
  async values(keys: readonly string[]): Promise<Values> {
    const [values, info] = await this.connection.send([
      ['mget', ...keys],
      ['info', 'replication'],
    ]);
    if (values instanceof Error) throw unavailable(values);
    if (info instanceof Error) throw unavailable(info);
    return { values: values as (string | null)[], dataSet: dataSetOf(String(info)) };
  }

  /**
   * Asks the Redis at the other end who it is.
   *
   * @throws CacheUnavailable also where it is a replica
   */
  async sight(): Promise<Sighting> {
    const { generation } = this;
    try {
      const [said, sentinel] = await this.connection.send([
        ['info', 'server', 'replication'],
        ['get', SENTINEL_KEY],
      ]);
      const info = textOf(said);
      const server = serverIdentity(info);
      if (server === null) throw new UnfitRedis('INFO does not name run_id and master_replid');
      this.seenRole = dataSetOf(info) === null ? 'replica' : 'primary';
      if (this.seenRole === 'replica') throw new UnfitRedis('it is a replica');
      this.connection.noteAnswer();
      return { server, generation, sentinel: sentinel === null ? null : textOf(sentinel) };
    } catch (error) {
      this.connection.noteFailure(error);
      if (!(error instanceof UnfitRedis)) this.seenRole = null;
      // Whoever knows which server took its place is asked again.
      else if (this.sentinels !== null) this.connection.reconnect();
      throw unavailable(error);
    }
  }

  /** Whether this Redis is newer than another one, as far as anybody elects them. */
  async rank(): Promise<Rank> {
    if (this.sentinels === null) return { kind: 'alone' };
    const newest = await this.sentinels.newest();
    if (newest === null) return { kind: 'unknown' };
    return newest.address === this.address ? { kind: 'elected', epoch: newest.epoch } : { kind: 'overtaken' };
  }

  /** Leaves the server at the other end for the one that Sentinel leads to now. */
  reconnect(): void {
    this.connection.reconnect();
  }

  /**
   * Notes in Redis that entries of this identity are being filled in.
   *
   * @returns whether this caller was the first to note it, and so the one to act
   */
  async setSentinel(digest: string): Promise<boolean> {
    return (await this.connection.ask(['set', SENTINEL_KEY, digest, 'GET'])) !== digest;
  }

  /** Ends its connections without waiting for anything. */
  close(): void {
    this.connection.close();
    this.sentinels?.close();
  }
}

function textOf(reply: unknown): string {
  if (reply instanceof Error) throw reply;
  return String(reply);
}
