import type { RedisServers } from '../config/redis-servers.js';
import { ClusterServers } from './cluster-servers.js';
import { KEY_PREFIX } from './entry.js';
import type { Line } from './line.js';
import { OneServer } from './one-server.js';
import type { Post, Servers, ServerView, Sighting } from './sighting.js';

/** Redis answers in microseconds; what takes this long is as good as away, and reads go to Postgres. */
const COMMAND_TIMEOUT_MS = 250;

/**
 * Where entries live: these data, on these servers. Whoever asks it for something asks the server that the last look
 * found, over the connection by which it was found. What can fail and be moved by itself is a unit: a single Redis is
 * one, a cluster has units of slots.
 */
export class Realm {
  private readonly servers: Servers;
  private readonly lookListeners: (() => void)[] = [];

  /** @param commandTimeoutMs who serves nobody may wait longer */
  constructor(servers: RedisServers, commandTimeoutMs = COMMAND_TIMEOUT_MS) {
    this.servers =
      servers.cluster === null
        ? new OneServer(servers, commandTimeoutMs)
        : new ClusterServers(servers, servers.cluster, commandTimeoutMs);
  }

  get unitCount(): number {
    return this.servers.unitCount;
  }

  /** The unit that a counter is of, from 0; it follows from the name alone. */
  unitOf(name: string): number {
    return this.unitCount === 1 ? 0 : this.servers.unitOf(KEY_PREFIX + name);
  }

  /** What led to the servers. */
  get foundBy(): 'url' | 'sentinel' | 'cluster' {
    return this.servers.foundBy;
  }

  /** The servers that hold keys, or should. */
  get views(): readonly ServerView[] {
    return this.servers.views;
  }

  /** Why it cannot be used, as far as is known; null while it can. */
  get fault(): string | null {
    return this.servers.fault;
  }

  /** Calls back whenever a server can be reached, and whenever it cannot be any more. */
  onTurn(listener: () => void): void {
    this.servers.onTurn(listener);
  }

  /**
   * Settles when commands are taken.
   *
   * @throws what went wrong first; it goes on trying
   */
  whenReady(): Promise<void> {
    return this.servers.whenReady();
  }

  /**
   * The way to a key that is no entry, as the last look found it.
   *
   * @throws CacheUnavailable
   */
  lineOf(key: string): Line {
    return this.servers.lineOf(key);
  }

  /** The way to each server that holds keys. */
  lines(): readonly Line[] {
    return this.servers.lines();
  }

  /** Who has a key that is no entry, as the last look found it; null: nobody, or that cannot be told. */
  ownerOf(key: string): Post | null {
    return this.servers.ownerOf(key);
  }

  /** Asks the servers who they are and what they hold: one sighting a unit, null where its place cannot be told. */
  async look(): Promise<readonly (Sighting | null)[]> {
    const sightings = await this.servers.look();
    for (const listener of this.lookListeners) listener();
    return sightings;
  }

  /** Calls back after each look. */
  onLook(listener: () => void): void {
    this.lookListeners.push(listener);
  }

  /** Leaves the server at the other end for the one that Sentinel leads to now. */
  leave(): void {
    this.servers.leave();
  }

  /**
   * Notes in Redis that entries of this identity are being filled in.
   *
   * @returns whether this caller was the first to note it, and so the one to act
   * @throws CacheUnavailable
   */
  async setSentinel(unit: number, digest: string): Promise<boolean> {
    const key = this.servers.sentinelKeyOf(unit);
    return (await this.servers.lineOf(key).ask(['set', key, digest, 'GET'])) !== digest;
  }

  /** Ends its connections without waiting for anything. */
  close(): void {
    this.servers.close();
  }
}
