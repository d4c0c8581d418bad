import type pg from 'pg';
import { MOVED, next, TAKEN } from '../batch-log.js';
import { lastRowsBefore } from '../history/quarters.js';
import { inTransaction } from '../transaction.js';
import {
  baselineKey,
  type Candidate,
  candidateOf,
  type CandidateRow,
  candidatesOf,
  type Judge,
  type Judged,
  millis,
  OF_WATCH,
} from './candidate.js';
import { freshened, leftBehind, MAX_TRACKS, store } from './watch-writes.js';

/** Batches and counters in one statement: a few hundred milliseconds, far below the statement timeout. */
const CHUNK_BATCHES = 5_000;
const CHUNK_COUNTERS = 40_000;

/** Tracks that are looked at because their time has come, in one statement. */
const CHUNK_DUE = 2_000;

/** Tracks of the kind "rate" that are looked at each minute: some tenths of a second of Postgres. */
const MAX_RATES = 20_000;

/** What one look came to; `gap`: batches went that were not read, and nobody knows what was in them. */
export interface LookReport {
  readonly judged: number;
  readonly turns: number;
  readonly complete: boolean;
  readonly gap: boolean;
}

/**
 * The next batches of the log, and of them what watched counters did, in tens of seconds. Only what may turn is told: in
 * a quiet hour that is nothing, however much is counted.
 */
const READ = `
  WITH ${TAKEN},
  changes AS MATERIALIZED (
    SELECT name COLLATE "C" AS name, ${millis('min(updated_at)')} AS first_ms, ${millis('max(updated_at)')} AS last_ms,
           max(value) AS highest, min(value) AS lowest, max(ARRAY[version, value]) AS last
    FROM taken, unnest(names, "values", versions, created_ats, updated_ats)
      AS change (name, value, version, created_at, updated_at)
    WHERE version IS NOT NULL
      AND (name IN (SELECT watches.name FROM watches WHERE watches.name IS NOT NULL)
           OR EXISTS (SELECT FROM watches WHERE prefix IS NOT NULL AND starts_with(change.name, prefix)))
    GROUP BY 1, date_bin('10 s', updated_at, 'epoch')
  ),
  watched AS (
    SELECT w.id, changes.* FROM changes JOIN watches w ON w.name = changes.name
    UNION ALL
    SELECT w.id, changes.* FROM changes JOIN watches w ON w.prefix IS NOT NULL AND starts_with(changes.name, w.prefix)
  ),
  sighted AS (
    SELECT watched.name, first_ms, last_ms, highest::float8, lowest::float8, last[2]::float8 AS last,
           (last[2] IS NULL) AS ended, ${OF_WATCH},
           bool_or(
             s.state IS NULL OR s.state = 'no_data' OR s.pending IS NOT NULL OR last[2] IS NULL OR w.kind = 'rate'
             OR (w.kind = 'silent' AND s.state = 'firing')
             OR (w.kind = 'value' AND CASE s.state
                   WHEN 'ok' THEN highest > w.above OR lowest < w.below
                   ELSE last[2] <= w.above OR last[2] >= w.below END)
           ) OVER (PARTITION BY watched.id, watched.name) AS may_turn
    FROM watched JOIN watches w USING (id)
    LEFT JOIN watch_states s ON s.watch_id = watched.id AND s.name = watched.name
    WHERE w.kind <> 'unexpected'
      AND (s.state IS NOT NULL OR (SELECT count(*) FROM watch_states n WHERE n.watch_id = w.id) < ${MAX_TRACKS})
  ),
  ${MOVED}
  SELECT present.complete, ${millis('clock_timestamp()')} AS now_ms, sighted.*
  FROM present LEFT JOIN sighted ON may_turn ORDER BY watch_id, name, last_ms`;

/** Tracks whose time has come; $1: all of the kind "rate" as well, $2 at most. What they are is read from the truth. */
const DUE = `
  SELECT ${millis('clock_timestamp()')} AS now_ms, s.name, ${millis('c.updated_at')} AS first_ms, ${millis('c.updated_at')} AS last_ms,
         c.value::float8 AS highest, c.value::float8 AS lowest, c.value::float8 AS last, c.name IS NULL AS ended, ${OF_WATCH}
  FROM (
    SELECT * FROM (
      SELECT * FROM watch_states WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT $2
    ) AS due
    UNION
    SELECT * FROM (
      SELECT s.* FROM watch_states s JOIN watches w ON w.id = s.watch_id WHERE $1 AND w.kind = 'rate' LIMIT ${MAX_RATES}
    ) AS rates
  ) AS s
  JOIN watches w ON w.id = s.watch_id
  LEFT JOIN counters c ON c.name = s.name AND NOT c.deleted AND coalesce(c.expires_at, 'infinity') > clock_timestamp()
  WHERE w.kind <> 'unexpected'`;

/** Of these somebody has to be told that nobody knows. */
const TOLD_FIRING = `
  SELECT ${millis('clock_timestamp()')} AS now_ms, s.name, ${OF_WATCH}
  FROM watch_states s JOIN watches w ON w.id = s.watch_id WHERE s.told = 'firing' AND w.kind <> 'unexpected'`;

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
    ) AS row ORDER BY version DESC LIMIT 1
  ) AS before ON true`;

/** Where each length of a `rate` begins that ends now, by how it is written; ms since 1970. */
export type BeginOf = (over: string, nowMs: number) => number;

/** Reads what watches are to know, and writes what they made of it, in one transaction. */
export class WatchLooks {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Whether there is anything to look at, and keeps the cursor only as long as there is: so that the log is kept for
   * nobody.
   */
  async isWanted(): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ watched: boolean; has_cursor: boolean }>(
        `SELECT EXISTS (SELECT FROM watches) AS watched,
                EXISTS (SELECT FROM batch_cursors WHERE name = 'watches') AS has_cursor`,
      );
      const [{ watched, has_cursor: hasCursor } = { watched: false, has_cursor: false }] = rows;
      if (watched && !hasCursor) {
        await client.query(
          `INSERT INTO batch_cursors (name, seen) VALUES ('watches', pg_current_snapshot()) ON CONFLICT DO NOTHING`,
        );
        await client.query('UPDATE watches SET fresh = true WHERE NOT fresh');
      }
      if (!watched && hasCursor) await client.query(`DELETE FROM batch_cursors WHERE name = 'watches'`);
      return watched;
    });
  }

  /**
   * Takes the next batches, and what is due, before a judge. What it decides, what webhooks are to be told of it and how
   * far the log was read are committed together.
   *
   * @param rates whether every track of the kind `rate` is due: time alone changes them
   * @returns null where another instance is at it
   */
  async look(judge: Judge, beginOf: BeginOf, { rates }: { readonly rates: boolean }): Promise<LookReport | null> {
    return inTransaction(this.pool, async (client) => {
      const place = await next(client, 'watches');
      switch (place.kind) {
        case 'busy':
          return null;
        case 'gap':
          return gapped(client, judge);
        case 'next':
          return looked(client, place.seen, judge, beginOf, rates);
      }
    });
  }
}

/** What happened in between is not known: every track is `no_data`, until the next look reads the truth. */
async function gapped(client: pg.ClientBase, judge: Judge): Promise<LookReport> {
  const { rows } = await client.query<CandidateRow>(TOLD_FIRING);
  const nowMs = rows[0]?.now_ms ?? 0;
  const unknown = rows.map((row) => ({ ...candidateOf(row), sights: [null] }));
  const judged = judge(unknown, { nowMs, baselines: new Map() });
  await store(client, judged);
  const turns = await leftBehind(client);
  return { judged: judged.length, turns: turns + turnsOf(judged), complete: false, gap: true };
}

async function looked(
  client: pg.ClientBase,
  seen: string,
  judge: Judge,
  beginOf: BeginOf,
  rates: boolean,
): Promise<LookReport> {
  const isFresh = await freshened(client);
  const { rows } = await client.query<CandidateRow>(READ, [seen, CHUNK_BATCHES, CHUNK_COUNTERS, 'watches']);
  const { rows: due } = await client.query<CandidateRow>(DUE, [rates, CHUNK_DUE]);
  const [first] = rows;
  if (first === undefined) throw new Error('a statement about the present has a row');
  const touched = candidatesOf(rows, false);
  const known = new Set(touched.map(({ watchId, name }) => `${watchId} ${name}`));
  // What was written just now was read already; what is due of it comes with the next look.
  const others = candidatesOf(due, true).filter(({ watchId, name }) => !known.has(`${watchId} ${name}`));
  const candidates = [...touched, ...others];
  const nowMs = due[0]?.now_ms ?? first.now_ms;
  const judged = judge(candidates, { nowMs, baselines: await baselinesOf(client, candidates, beginOf, nowMs) });
  await store(client, judged);
  const complete = !isFresh && first.complete === true && due.length < CHUNK_DUE;
  return { judged: candidates.length, turns: turnsOf(judged), complete, gap: false };
}

const turnsOf = (judged: readonly Judged[]): number => judged.reduce((sum, { turns }) => sum + turns.length, 0);

async function baselinesOf(
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
  if (asked.size === 0) return found;
  const all = [...asked];
  const { rows } = await client.query<{ place: number; value: number | null }>(BASELINES, [
    all.map(([, { name }]) => name),
    all.map(([, { beginMs }]) => beginMs),
  ]);
  for (const { place, value } of rows) {
    const [key] = all[place - 1] ?? [];
    if (key !== undefined) found.set(key, value);
  }
  return found;
}
