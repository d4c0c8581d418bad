import type pg from 'pg';
import { lastRowsBefore } from '../history/quarters.js';
import { baselineKey, type Candidate } from './candidate.js';

/** Counters in one statement: a few hundred milliseconds. */
const CHUNK = 2_000;

/** $1 names, $2 where the length of each begins. Null where nothing from before is known of a counter that is older. */
const BASELINES = `
  SELECT asked.place::int AS place, (CASE
    WHEN history.behind < asked.begin THEN NULL
    ELSE coalesce(before.value, CASE WHEN c.created_at >= asked.begin THEN 0 END) END)::float8 AS value
  FROM (
    SELECT name, to_timestamp(begin_ms / 1000) AS begin, place
    FROM unnest($1::text[], $2::float8[]) WITH ORDINALITY AS given (name, begin_ms, place)
  ) AS asked
  CROSS JOIN (
    -- What is not in the history yet; what was before that is.
    SELECT coalesce((SELECT committed_at FROM batches, batch_cursors WHERE batch_cursors.name = 'history'
      AND committed_in >= pg_snapshot_xmin(seen) AND NOT pg_visible_in_snapshot(committed_in, seen)
      ORDER BY committed_in LIMIT 1), 'infinity') AS behind
  ) AS history
  JOIN counters c ON c.name = asked.name AND NOT c.deleted
  LEFT JOIN LATERAL (
    SELECT value FROM (
      SELECT c.updated_at AS at, c.value, c.version WHERE c.updated_at < asked.begin
      UNION ALL ${lastRowsBefore('asked.begin', `date_trunc('day', asked.begin, 'UTC') - interval '1 day'`)}
    ) AS row ORDER BY version DESC, at DESC LIMIT 1
  ) AS before ON true`;

/** Where each length of a `rate` begins that ends now, by how it is written; ms since 1970. */
export type BeginOf = (over: string, nowMs: number) => number;

/** What each counter of a `rate` was before its length began, by `baselineKey`; null: not known. */
export async function baselinesOf(
  client: pg.ClientBase,
  candidates: readonly Candidate[],
  beginOf: BeginOf,
  nowMs: number,
): Promise<ReadonlyMap<string, number | null>> {
  const asked = new Map<string, { readonly name: string; readonly beginMs: number }>();
  for (const { name, condition } of candidates) {
    if (!('rate' in condition)) continue;
    const { over } = condition.rate;
    asked.set(baselineKey(name, over), { name, beginMs: beginOf(over, nowMs) });
  }
  const found = new Map<string, number | null>();
  const all = [...asked];
  for (let from = 0; from < all.length; from += CHUNK) {
    const some = all.slice(from, from + CHUNK);
    const { rows } = await client.query<{ place: number; value: number | null }>(BASELINES, [
      some.map(([, { name }]) => name),
      some.map(([, { beginMs }]) => beginMs),
    ]);
    for (const { place, value } of rows) {
      const [key] = some[place - 1] ?? [];
      if (key !== undefined) found.set(key, value);
    }
  }
  return found;
}
