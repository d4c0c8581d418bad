import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { certificateFault } from '../config/certificates.js';
import { serverIdentity } from './identity.js';

/** Redis answers in microseconds; what takes this long is as good as away, and reads go to Postgres. */
export const COMMAND_TIMEOUT_MS = 250;

/** A new connection may cross a network; the guard counts the seconds meanwhile. */
const CONNECT_TIMEOUT_MS = 1_000;

/** A peer that is frozen or cut off never says goodbye; then the socket is torn down. */
const DISCONNECT_TIMEOUT_MS = 100;

/** After a restart the cache should be back within a second, without a storm of connections. */
const LONGEST_RETRY_MS = 1_000;
const FIRST_RETRY_MS = 50;
const RETRY_JITTER_MS = 50;

/** Questions in a row without an answer, after which the connection counts as half-open and is made anew. */
const MISSES_BEFORE_RECONNECT = 3;

/** Longer than a connection across a network takes, password and TLS included. */
const FIRST_CONTACT_MS = 5_000;

/** The cache did not answer, or not in time; a command that timed out may still run. */
export class CacheUnavailable extends Error {
  override readonly name = 'CacheUnavailable';
}

/** A Redis whose data cannot be told from another one's. */
class NamelessRedis extends Error {}

/** A script, sent by its hash; Redis is given the source again where it has forgotten it. */
export interface Script {
  readonly source: string;
  readonly sha1: string;
}

/** Reads `scripts/<name>.lua`, with `identity.lua` in front of it. */
export function scriptOf(name: string): Script {
  const read = (file: string): string => readFileSync(new URL(`./scripts/${file}.lua`, import.meta.url), 'utf8');
  const source = `${read('identity')}\n${read(name)}`;
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

/** Which Redis answered, over which connection. */
export interface Sighting {
  /** `run_id:master_replid` */
  readonly server: string;
  readonly generation: number;
  /** The digest of the identity whose entries are in there, as the first instance noted it; null after a flush. */
  readonly sentinel: string | null;
}

/** Its absence tells of a flush; not under the prefix of entries. */
export const SENTINEL_KEY = 'evercount:sentinel';

/** The one client of the cache. Nothing waits for a connection: while there is none, every command fails at once. */
export class RedisConnection {
  readonly client: Redis;
  private misses = 0;
  private currentGeneration = 0;
  private lastFault: string | null = null;

  /** @param commandTimeoutMs who serves nobody may wait longer */
  constructor(url: string, commandTimeoutMs = COMMAND_TIMEOUT_MS) {
    this.client = new Redis(url, {
      protocol: 2,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // It asks INFO, and a Redis that denies that would never be ready. One that still loads refuses what it is asked.
      enableReadyCheck: false,
      enableAutoPipelining: true,
      maxRetriesPerRequest: 0,
      commandTimeout: commandTimeoutMs,
      connectTimeout: CONNECT_TIMEOUT_MS,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      connectionName: 'evercount-cache',
      retryStrategy: (attempt) =>
        Math.min(FIRST_RETRY_MS * 2 ** attempt, LONGEST_RETRY_MS) + Math.random() * RETRY_JITTER_MS,
      // A primary that became a replica refuses writes: look for the new one.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    });
    this.client.on('ready', () => {
      this.currentGeneration += 1;
      this.misses = 0;
    });
    // The guard notices and reports; without a listener every failed attempt would be printed.
    this.client.on('error', (error: Error) => (this.lastFault = reasonOf(error)));
  }

  /** Counts the connections; what was learned over an earlier one says nothing about this one. */
  get generation(): number {
    return this.currentGeneration;
  }

  get isReady(): boolean {
    return this.client.status === 'ready';
  }

  /** Why this Redis cannot be used, as far as is known; null while it can. */
  get fault(): string | null {
    return this.lastFault;
  }

  /**
   * Settles when the connection takes commands.
   *
   * @throws what went wrong first; the client goes on trying
   */
  async whenReady(): Promise<void> {
    if (this.isReady) return;
    await once(this.client, 'ready', { signal: AbortSignal.timeout(FIRST_CONTACT_MS) });
  }

  /**
   * Asks the Redis at the other end who it is.
   *
   * @throws CacheUnavailable
   */
  async sight(): Promise<Sighting> {
    const { generation } = this;
    try {
      const [info, sentinel] = await Promise.all([
        this.client.info('server', 'replication'),
        this.client.get(SENTINEL_KEY),
      ]);
      const server = serverIdentity(info);
      if (server === null) throw new NamelessRedis('INFO does not name run_id and master_replid');
      this.misses = 0;
      this.lastFault = null;
      return { server, generation, sentinel };
    } catch (error) {
      // Without a connection, what ended the last one says more.
      if (this.isReady) this.lastFault = reasonOf(error as Error);
      // One that refuses has answered: another connection would be told the same.
      this.misses = isRefusal(error) ? 0 : this.misses + 1;
      if (this.misses === MISSES_BEFORE_RECONNECT && this.isReady) this.client.disconnect(true);
      throw unavailable(error);
    }
  }

  /**
   * Notes in Redis that entries of this identity are being filled in.
   *
   * @returns whether this caller was the first to note it, and so the one to act
   * @throws CacheUnavailable
   */
  async setSentinel(digest: string): Promise<boolean> {
    try {
      return (await this.client.set(SENTINEL_KEY, digest, 'GET')) !== digest;
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** Ends the connection without waiting for anything. */
  close(): void {
    this.client.disconnect();
  }
}

export function unavailable(error: unknown): CacheUnavailable {
  if (error instanceof CacheUnavailable) return error;
  return new CacheUnavailable(error instanceof Error ? error.message : String(error), { cause: error });
}

/** Whether Redis itself said no. */
export function isRefusal(error: unknown): boolean {
  return error instanceof NamelessRedis || (error as Error).name === 'ReplyError';
}

/** In a few words, for the log. */
export function reasonOf(error: Error): string {
  // Node wraps one failure for each address that it tried.
  const [first] = (error as { readonly errors?: readonly Error[] }).errors ?? [];
  if (first !== undefined) return reasonOf(first);
  return certificateFault(error) ?? (error.message || error.name);
}
