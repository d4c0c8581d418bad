import { once } from 'node:events';
import { certificateFault } from '../config/certificates.js';
import type { RedisServers } from '../config/redis-servers.js';
import { reaching } from './reaching.js';
import { FIRST_CONTACT_MS, keepConnecting, PROMPT, RedisClient } from './redis-client.js';

/** Questions in a row without an answer, after which the connection counts as half-open and is made anew. */
const MISSES_BEFORE_RECONNECT = 3;

/**
 * The cache did not answer, or not in time; a command that timed out may still run. Calls on the cache throw it, but for
 * those whose answer can say so; at the call stands only what is more.
 */
export class CacheUnavailable extends Error {
  override readonly name = 'CacheUnavailable';
}

/** A Redis that answers, and cannot be used all the same. */
export class UnfitRedis extends Error {}

/** A command and its arguments. */
export type Command = readonly [name: string, ...args: (string | number)[]];

/** One connection to a Redis, made anew whenever it breaks. While there is none, every command fails at once. */
export class RedisConnection {
  readonly isOfCluster: boolean;
  private readonly client: RedisClient;
  private server: string;
  private misses = 0;
  private currentGeneration = 0;
  private lastFault: string | null = null;
  private closed = false;

  /**
   * @param commandTimeoutMs what takes longer is as good as away
   * @param clusterAddress what a cluster calls this server of its own, `host:port`; null: it is none of a cluster
   */
  constructor(servers: RedisServers, commandTimeoutMs: number, clusterAddress: string | null = null) {
    this.isOfCluster = clusterAddress !== null;
    this.server = clusterAddress ?? new URL(servers.url).host;
    const options = { ...PROMPT, commandTimeout: commandTimeoutMs, connectionName: 'evercount-cache' };
    this.client = new RedisClient(...reaching(servers, options, (address) => (this.server = address)));
    keepConnecting(this.client, () => !this.closed);
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

  /** `host:port` of the server, under Sentinel the one that it tells. */
  get address(): string {
    return this.server;
  }

  get isReady(): boolean {
    return this.client.status === 'ready';
  }

  /** Why this Redis cannot be used, as far as is known; null while it can. */
  get fault(): string | null {
    return this.lastFault;
  }

  /** Calls back whenever a connection is there, and whenever it is gone. */
  onTurn(listener: () => void): void {
    this.client.on('ready', listener);
    this.client.on('close', listener);
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
   * Sends commands in one pipeline.
   *
   * @returns for each its reply, or the error by which Redis refused it
   * @throws CacheUnavailable where that is not known of every one: some may still run
   */
  async send(commands: readonly Command[]): Promise<unknown[]> {
    if (commands.length === 0) return [];
    if (!this.isReady) throw new CacheUnavailable('there is no connection to Redis');
    const results = await this.client
      .pipeline(commands as [string, ...unknown[]][])
      .exec()
      .catch((error: unknown) => {
        throw unavailable(error);
      });
    if (results === null) throw new CacheUnavailable('the pipeline was not sent');
    return results.map(([error, reply]) => {
      if (error === null) return reply;
      // Only what Redis itself answered is known not to run later.
      if (error.name === 'ReplyError') return error;
      throw unavailable(error);
    });
  }

  /** A question of the guard was answered. */
  noteAnswer(): void {
    this.misses = 0;
    this.lastFault = null;
  }

  /** It was not, or not by a Redis that can be used. Makes a connection anew on which nothing comes any more. */
  noteFailure(error: unknown): void {
    // Without a connection, what ended the last one says more.
    if (this.isReady) this.lastFault = reasonOf(rootOf(error));
    // One that refuses has answered: another connection would be told the same.
    this.misses = isRefusal(rootOf(error)) ? 0 : this.misses + 1;
    if (this.misses === MISSES_BEFORE_RECONNECT && this.isReady) this.reconnect();
  }

  /** Ends the connection and makes another one, under Sentinel to whatever that says is the primary now. */
  reconnect(): void {
    this.client.disconnect(true);
  }

  /** Ends the connection without waiting for anything. */
  close(): void {
    this.closed = true;
    this.client.disconnect();
  }
}

/** Whatever went wrong with a command, as the cache tells it; the error is its cause. */
export function unavailable(error: unknown): CacheUnavailable {
  if (error instanceof CacheUnavailable) return error;
  return new CacheUnavailable(error instanceof Error ? error.message : String(error), { cause: error });
}

/** For what was asked of one server, and answered by another, or by the same one after it was a replica. */
export function otherServer(): CacheUnavailable {
  return new CacheUnavailable('another Redis answered, or a replica');
}

/** Whether Redis itself said no. */
export function isRefusal(error: unknown): boolean {
  return error instanceof UnfitRedis || (error as Error | undefined)?.name === 'ReplyError';
}

/** In a few words, for the log. */
export function reasonOf(error: Error): string {
  // Node wraps one failure for each address that it tried.
  const [first] = (error as { readonly errors?: readonly Error[] }).errors ?? [];
  if (first !== undefined) return reasonOf(first);
  return certificateFault(error) ?? (error.message || error.name);
}

function rootOf(error: unknown): Error {
  return error instanceof CacheUnavailable && error.cause instanceof Error ? error.cause : (error as Error);
}
