import type { OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import type { DatabaseSettings } from '../config/config.js';

import type { Meters, Reading } from '../meters/meters.js';
import { poolOf, scanningPoolOf, sharesOf } from './connections.js';
import { Replication } from './replication.js';

/** Nobody waits for the guard's connection, so it may take as long as it does on a machine that is far too busy. */
const GUARD_CONNECT_TIMEOUT_MS = 3_000;

/**
 * Who holds the guard's row may be one whose commit waits for a standby, for however long that is away. A permission lasts
 * a second: a poll that waited longer for the row would leave nobody any time to use what it learned.
 */
const GUARD_LOCK_TIMEOUT_MS = 500;

/**
 * There is one for keys, and who needs it waits: so it may take longer than others to be made, on a machine that is far
 * too busy. Twice as long, for one that asked before and one's own try, is still below the 3 s for a refusal.
 */
const ACCESS_CONNECT_TIMEOUT_MS = 1_400;

/** Whoever needs these is in no hurry, and a job that failed comes back later; a list is still refused within about 3 s. */
const GENERAL_CONNECT_TIMEOUT_MS = 1_400;

/**
 * The pools of one instance, each for one purpose; separate, so that no storm of misses or jobs can hold up a commit, the
 * guard, or a look at keys.
 */
export class Pools implements OnApplicationShutdown {
  readonly guard: pg.Pool;
  readonly commits: pg.Pool;
  readonly decisions: pg.Pool;
  readonly access: pg.Pool;
  readonly fills: pg.Pool;
  /** Lists, history, rankings and what jobs do: whoever waits for these can wait. */
  readonly general: pg.Pool;
  readonly replication: Replication;

  constructor(settings: DatabaseSettings, meters: Meters) {
    const { url, pooler } = settings;
    const shares = sharesOf(settings);
    const ofGuard = { connectionTimeoutMillis: GUARD_CONNECT_TIMEOUT_MS, lock_timeout: GUARD_LOCK_TIMEOUT_MS };
    this.guard = poolOf(url, shares.guard, ofGuard, pooler);
    this.commits = poolOf(url, shares.commits, {}, pooler);
    this.decisions = poolOf(url, shares.decisions, {}, pooler);
    this.access = poolOf(url, shares.access, { connectionTimeoutMillis: ACCESS_CONNECT_TIMEOUT_MS }, pooler);
    this.fills = poolOf(url, shares.fills, {}, pooler);
    this.general = scanningPoolOf(url, shares.general, { connectionTimeoutMillis: GENERAL_CONNECT_TIMEOUT_MS }, pooler);
    this.replication = new Replication(this.fills);
    for (const [, pool] of this.all) this.replication.watch(pool);
    meters.add(
      {
        kind: 'gauge',
        name: 'evercount_pool_connections',
        help: 'Connections to Postgres, by pool',
        read: () => this.all.flatMap(connectionsOf),
      },
      {
        kind: 'gauge',
        name: 'evercount_pool_waiting',
        help: 'Statements that wait for a connection, by pool',
        read: () => this.all.map(([pool, { waitingCount }]) => ({ labels: { pool }, value: waitingCount })),
      },
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.all.map(([, pool]) => pool.end()));
  }

  private get all(): [string, pg.Pool][] {
    const { guard, commits, decisions, access, fills, general } = this;
    return Object.entries({ guard, commits, decisions, access, fills, general });
  }
}

function connectionsOf([pool, { totalCount, idleCount }]: [string, pg.Pool]): Reading[] {
  return [
    { labels: { pool, state: 'busy' }, value: totalCount - idleCount },
    { labels: { pool, state: 'idle' }, value: idleCount },
  ];
}
