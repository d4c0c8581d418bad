import { ok } from 'node:assert/strict';
import type { Config } from './config.js';
import { SMALLEST_POOL } from './variables.js';

/**
 * Connections of a worker to Postgres: one for the guard, for keys, for what the cache does not have, and for lists; a
 * fifth where an edge delivers. That of increments is never made.
 */
const WORKER_POOL_SIZE: number = 6;
ok(WORKER_POOL_SIZE >= SMALLEST_POOL, 'whatever a worker reads has a connection');

/** What this process is to the service. */
export class ProcessSettings {
  /** Processes that answer requests, while another one commits for them; 1: there is one process, which does both. */
  workers!: number;
  /**
   * - `alone`: answers requests, commits, and does what has to be done once in a while.
   * - `committer`: commits for its workers and does what has to be done; answers no request.
   * - `worker`: answers requests, and has its writes committed.
   */
  role!: 'alone' | 'committer' | 'worker';
}

/**
 * The configuration of a worker, by that of the service. What a process may hold of connections, and read from Postgres,
 * is shared out, rounded up: requests are spread evenly.
 */
export function configOfWorker(config: Config): Config {
  const { process, http, resp, database, writes } = config;
  const shareOf = (limit: number): number => Math.ceil(limit / process.workers);
  return {
    ...config,
    process: { workers: process.workers, role: 'worker' },
    http: changed(http, {
      maxConnections: shareOf(http.maxConnections),
      connectionsPerAddress: shareOf(http.connectionsPerAddress),
    }),
    resp: changed(resp, { maxConnections: shareOf(resp.maxConnections) }),
    database: changed(database, {
      // The committer has done it.
      migrateOnStart: false,
      poolSize: WORKER_POOL_SIZE,
      lanes: 1,
      readsPerSecond: shareOf(database.readsPerSecond),
    }),
    writes: changed(writes, { lanes: 1 }),
  };
}

/** Connections to Postgres of the whole service, at most. */
export function connectionsOf({ process: { workers }, database }: Pick<Config, 'process' | 'database'>): number {
  return database.poolSize + (workers > 1 ? workers * WORKER_POOL_SIZE : 0);
}

function changed<T extends object>(settings: T, change: Partial<T>): T {
  return Object.assign({}, settings, change);
}
