import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Buckets } from '../domain/bucket.js';
import type { Absence } from '../domain/counter.js';
import { STATE_OF_ENDED, STATES, GATHERED_STATES } from './counter-row.js';
import { withClient } from './clients.js';
import type { Replication } from './replication.js';
import type { StatementTimes } from './statement-times.js';
import { utc } from './utc.js';
import type { Writability } from './writability.js';

/**
 * $1 the id of the batch. The end of a counter is a change of its own, one version on, and stands in a batch like every
 * other, so that the history learns of it; in a row for each bucket. The clock is read again behind the lock: what was
 * renewed meanwhile goes on.
 */
const ending = (due: string): string => `
  WITH due AS MATERIALIZED (SELECT c.bucket, c.name FROM ${due}),
  ended AS (
    UPDATE counters c
    SET value = 0, version = c.version + 1, min = NULL, max = NULL, expires_at = NULL, deleted = true,
        updated_at = greatest(c.updated_at, clock_timestamp())
    FROM due WHERE c.bucket = due.bucket AND c.name = due.name
    RETURNING c.bucket, c.name, ${STATE_OF_ENDED}
  ),
  logged AS (
    INSERT INTO batches (bucket, id, names, ${STATES})
    SELECT bucket, $1::uuid, array_agg(name), ${GATHERED_STATES} FROM ended GROUP BY bucket
  )
  SELECT name, version, ${utc('clock_timestamp()')} AS clock FROM ended`;

/**
 * $2 names, $3 their buckets. In the order of both, as everybody who waits for locks of several counters. Each is looked up
 * by itself, and by name: a plan that was made while there were few counters, or few that expire, would read all of them.
 */
const END_NAMED = ending(`
    (SELECT * FROM unnest($2::text[], $3::smallint[]) AS named (name, bucket) ORDER BY bucket, name COLLATE "C") AS named
    CROSS JOIN LATERAL (
      SELECT c.bucket, c.name FROM counters AS c
      WHERE c.bucket = named.bucket AND c.name = named.name AND NOT deleted
        AND coalesce(expires_at, 'infinity') <= clock_timestamp()
      FOR UPDATE
    ) AS c`);

/** $2 how many. now(), since only what stays the same during a statement can be looked up in the index. */
const END_DUE = ending(`
    counters AS c WHERE NOT deleted AND expires_at <= now() ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED`);

/** Whether there is anything to end: most looks find nothing, and must neither write nor say that writes are taken. */
const ANY_DUE = `SELECT 1 FROM counters WHERE expires_at <= now() AND NOT deleted LIMIT 1`;

/** Counters that ended, and when that was written down. */
export interface Ended {
  readonly absences: readonly Absence[];
  readonly times: StatementTimes;
}

/**
 * Writes down that counters have ended by themselves. They are absent from their moment on; but a moment is told by a
 * clock, which may be set back, and only what is written down stays ended. So it is, before anybody is told.
 */
export class ExpiredCounters {
  private listener: (ended: Ended) => void = () => undefined;

  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
    private readonly writability: Writability,
    private readonly buckets: Buckets,
  ) {}

  /** Calls back when this instance has written down the end of counters; there is one listener. */
  onEnded(listener: (ended: Ended) => void): void {
    this.listener = listener;
  }

  /** Ends those of these counters whose time is over. Waits for whoever is changing one of them, and may renew it. */
  async end(names: readonly string[]): Promise<void> {
    await this.write('end-named', END_NAMED, [names, this.buckets.ofEach(names)]);
  }

  /**
   * Ends the next counters whose time is over, but for those that somebody is changing.
   *
   * @param limit how many at most
   * @returns how many ended
   */
  async endDue(limit: number): Promise<number> {
    const { rows } = await withClient(this.pool, (client) => client.query({ name: 'any-due', text: ANY_DUE }));
    if (rows.length === 0) return 0;
    return this.write('end-due', END_DUE, [limit]);
  }

  private async write(name: string, text: string, which: readonly unknown[]): Promise<number> {
    const sentAtMs = performance.now();
    const { rows } = await this.writability.watch(() =>
      this.replication.commit(this.pool, (client) =>
        client.query<{ name: string; version: string; clock: string }>({
          name,
          text,
          values: [randomUUID(), ...which],
        }),
      ),
    );
    const [first] = rows;
    if (first === undefined) return 0;
    const absences = rows.map((row) => ({ name: row.name, value: null, version: Number(row.version) }));
    this.listener({ absences, times: { sentAtMs, clock: first.clock } });
    return rows.length;
  }
}
