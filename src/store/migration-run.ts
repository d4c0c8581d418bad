import { type DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCK_TIMEOUT_MS } from './connections.js';
import { isCancelled } from './failure.js';

/** How long a migration may keep somebody else waiting for a lock, whether it holds it or waits for it itself. */
const MAY_BLOCK_MS: number = 800;
if (MAY_BLOCK_MS >= LOCK_TIMEOUT_MS) throw new RangeError('writers would give up before a migration does');

/** How often it is looked at whether somebody waits. */
const LOOK_INTERVAL_MS = 100;

/** A migration that was in the way is tried again after this long, with jitter: whoever was in its way may be gone. */
const RETRY_PAUSE_MS = 1_000;

/** Some minutes in all: then a person should look. */
const ATTEMPTS = 100;

/**
 * Whether somebody waits for a session, directly or behind it in a queue, for too long. The mode that is left out is that
 * of vacuums and of indices that are built beside writers: those may wait. Without parameters: CREATE INDEX CONCURRENTLY
 * waits for a transaction whose last statement had some.
 */
const isInTheWay = (pid: number): string => `
  SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE NOT granted AND mode <> 'ShareUpdateExclusiveLock'
      AND waitstart < clock_timestamp() - interval '${MAY_BLOCK_MS} ms'
      AND ${pid} = ANY (pg_blocking_pids(pid))
  ) AS blocks`;

/**
 * Applies what is missing, each in a transaction of its own. One that keeps others waiting for a lock for longer than
 * 0.8 s is cancelled, rolled back and tried again.
 *
 * @throws Error of the migration that failed
 */
export async function applyMigrations(dataSource: DataSource): Promise<void> {
  // In no transaction: CREATE INDEX CONCURRENTLY would wait for it.
  const watcher = dataSource.createQueryRunner();
  try {
    await applyWatched(dataSource, watcher);
  } finally {
    await watcher.release();
  }
}

async function applyWatched(dataSource: DataSource, watcher: QueryRunner): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const runner = dataSource.createQueryRunner();
    try {
      const [{ pid } = { pid: 0 }] = (await runner.query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
      await cancelledWhenInTheWay(pid, watcher, async () => {
        const executor = new MigrationExecutor(dataSource, runner);
        // One by one: a later CREATE INDEX CONCURRENTLY must be able to opt out of a transaction.
        executor.transaction = 'each';
        await executor.executePendingMigrations();
      });
      return;
    } catch (error) {
      if (!isCancelled(error) || attempt === ATTEMPTS) throw error;
      await sleep(RETRY_PAUSE_MS * (1 + Math.random()));
    } finally {
      await runner.release();
    }
  }
}

async function cancelledWhenInTheWay(pid: number, watcher: QueryRunner, migrate: () => Promise<void>): Promise<void> {
  const ended = new AbortController();
  const migrating = migrate().finally(() => ended.abort());
  const [result, watched] = await Promise.allSettled([migrating, cancelInTheWay(pid, watcher, ended.signal)]);
  if (result.status === 'rejected') throw result.reason;
  if (watched.status === 'rejected') throw watched.reason;
}

async function cancelInTheWay(pid: number, watcher: QueryRunner, ended: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(LOOK_INTERVAL_MS, undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return;
    const [row] = (await watcher.query(isInTheWay(pid))) as { blocks: boolean }[];
    if (row?.blocks === true) await watcher.query(`SELECT pg_cancel_backend(${pid})`);
  }
}
