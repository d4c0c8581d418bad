/** The history of a counter, as the API tells it. */
import pg from 'pg';
import { testBuckets } from './buckets.js';
import type { CounterCalls } from './counter-calls.js';

export interface Point {
  readonly at: string;
  readonly delta: number;
  readonly value: number;
}

export async function pointsOf(calls: CounterCalls, name: string, query: string): Promise<Point[]> {
  const { status, text, body } = await calls.call<{ data: Point[] }>(
    'GET',
    `/v1/counters/${encodeURIComponent(name)}/history?${query}`,
  );
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body.data;
}

export function sumOf(points: readonly Point[]): number {
  return points.reduce((sum, { delta }) => sum + delta, 0);
}

/** Takes the present values into the hour that is running, which otherwise is made of minutes once they are over. */
export async function makeHours(databaseUrl: string): Promise<void> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  await database.query(
    `INSERT INTO history_hours (bucket, name, at, value, version, created_at)
     SELECT bucket, name, date_trunc('hour', now()), value, version, created_at FROM counters ON CONFLICT DO NOTHING`,
  );
  await database.end();
}

const HOUR_MS = 3_600_000;

/**
 * Makes a counter that changed so from hour to hour: the last of them is the hour to come, and the one before it the
 * running one, so that an hour may end while a test runs.
 *
 * @param deltas at least two
 */
export async function seedHours(databaseUrl: string, name: string, deltas: readonly number[]): Promise<void> {
  const nextMs = (Math.floor(Date.now() / HOUR_MS) + 1) * HOUR_MS;
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const begins = deltas.map((_, place) => nextMs - (deltas.length - 1 - place) * HOUR_MS);
  await database.query('DELETE FROM history_hours WHERE name = $1', [name]);
  await database.query(
    `INSERT INTO counters (bucket, name, value, version, created_at, updated_at)
     SELECT $6, $1, (SELECT sum(delta) FROM unnest($2::bigint[]) AS delta), $3, to_timestamp($4::float8 / 1000),
            to_timestamp($5::float8 / 1000)
     ON CONFLICT ON CONSTRAINT counters_pkey DO UPDATE SET value = excluded.value, version = excluded.version`,
    [name, deltas.slice(0, -1), deltas.length - 1, begins[0], begins.at(-2), testBuckets.of(name)],
  );
  await database.query(
    `INSERT INTO history_hours (bucket, name, at, value, version, created_at)
     SELECT c.bucket, $1, to_timestamp(at / 1000), sum(delta) OVER (ORDER BY at), place, c.created_at
     FROM unnest($2::float8[], $3::bigint[]) WITH ORDINALITY AS change (at, delta, place), counters c WHERE c.name = $1`,
    [name, begins, deltas],
  );
  await database.end();
}

/**
 * Gives a counter that is there, and whose value is what they come to, these changes in place of its history: in minutes,
 * which are still to be rolled up.
 *
 * @param changes in order, no two in one minute, of the last 400 days
 */
export async function seedMinutes(
  databaseUrl: string,
  name: string,
  changes: readonly { readonly atMs: number; readonly delta: number }[],
): Promise<void> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  await database.query(
    `UPDATE counters SET version = $1, created_at = to_timestamp($2::float8 / 1000),
                         updated_at = to_timestamp($3::float8 / 1000) WHERE name = $4`,
    [changes.length, changes[0]?.atMs, changes.at(-1)?.atMs, name],
  );
  await database.query('DELETE FROM history_minutes; DELETE FROM history_hours; DELETE FROM history_days');
  await database.query(
    `INSERT INTO history_minutes (bucket, name, at, value, version, created_at)
     SELECT c.bucket, $1, to_timestamp(at / 1000), sum(delta) OVER (ORDER BY at), place, c.created_at
     FROM unnest($2::float8[], $3::bigint[]) WITH ORDINALITY AS change (at, delta, place), counters c WHERE c.name = $1`,
    [name, changes.map(({ atMs }) => atMs), changes.map(({ delta }) => delta)],
  );
  await database.query(`UPDATE history_progress SET unrolled_from = now() - interval '400 days'`);
  await database.end();
}

/** A day's and a week's shape, with noise that is the same each time: as many as are asked for, and those of `seedHours`. */
export function usualHours(days: number, perHour: number): number[] {
  let state = 1;
  const noise = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return Array.from({ length: days * 24 + 2 }, (_, hour) => {
    const shape = 1 + 0.7 * Math.sin((hour / 24) * 2 * Math.PI) + 0.12 * noise();
    return Math.round(perHour * shape * (Math.floor(hour / 24) % 7 >= 5 ? 0.6 : 1));
  });
}

/** The same, of which the last `hours` that are over, and what comes after them, are something else. */
export function withEnd(deltas: readonly number[], hours: number, change: (delta: number) => number): number[] {
  return deltas.map((delta, place) => (place >= deltas.length - 2 - hours ? change(delta) : delta));
}
