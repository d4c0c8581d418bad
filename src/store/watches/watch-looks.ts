import type pg from 'pg';
import { MOVED, next, Portion, TAKEN } from '../batch-log.js';
import { inTransaction } from '../transaction.js';
import { type BeginOf, baselinesOf } from './baselines.js';
import {
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

/** In one statement: a few hundred milliseconds where all of these counters are watched. */
const MOST = { batches: 5_000, counters: 10_000 } as const;

/** Tracks that are looked at because their time has come, in one statement. */
const CHUNK_DUE = 2_000;

/** Tracks of the kind "rate" in one statement. */
const CHUNK_RATES = 2_000;

/** Where a walk through all tracks of the kind `rate` goes on: behind this one. */
export interface RatesPlace {
  readonly watchId: string;
  readonly name: string;
}

/** Before the first of them. */
export const ALL_RATES: RatesPlace = { watchId: '', name: '' };

/** What one look came to; `gap`: batches went that were not read, and nobody knows what was in them. */
export interface LookReport {
  /** Where the next look goes on with rates; null: all were looked at, or none was to be. */
  readonly rates: RatesPlace | null;
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
  -- Of the counters that watches see for the first time, as many as they have room for, beside those that are there.
  arrived AS MATERIALIZED (
    SELECT id, name, row_number() OVER (PARTITION BY id ORDER BY name) AS place
    FROM (
      SELECT DISTINCT id, name FROM watched
      WHERE NOT EXISTS (SELECT FROM watch_states s WHERE s.watch_id = watched.id AND s.name = watched.name)
    ) AS unknown
  ),
  room AS MATERIALIZED (
    SELECT id, ${MAX_TRACKS} - (
      SELECT count(*) FROM watch_states s WHERE s.watch_id = arriving.id AND s.state <> 'no_data'
    ) AS places
    FROM (SELECT DISTINCT id FROM arrived) AS arriving
  ),
  newcomers AS MATERIALIZED (SELECT id, name FROM arrived JOIN room USING (id) WHERE place <= places),
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
      AND (s.state IS NOT NULL OR (watched.id, watched.name) IN (SELECT id, name FROM newcomers))
  ),
  ${MOVED}
  SELECT present.complete, ${millis('clock_timestamp()')} AS now_ms, sighted.*
  FROM present LEFT JOIN sighted ON may_turn ORDER BY watch_id, name, last_ms`;

/** Tracks, and what their counters are by the truth. */
const tracksOf = (which: string): string => `
  SELECT ${millis('clock_timestamp()')} AS now_ms, s.name, ${millis('c.updated_at')} AS first_ms, ${millis('c.updated_at')} AS last_ms,
         c.value::float8 AS highest, c.value::float8 AS lowest, c.value::float8 AS last, c.name IS NULL AS ended, ${OF_WATCH}
  FROM (${which}) AS s
  JOIN watches w ON w.id = s.watch_id
  LEFT JOIN counters c ON c.name = s.name AND NOT c.deleted AND coalesce(c.expires_at, 'infinity') > clock_timestamp()
  WHERE w.kind <> 'unexpected' ORDER BY s.watch_id, s.name`;

/** Those whose time has come, $1 at most. */
const DUE = tracksOf('SELECT * FROM watch_states WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT $1');

/** Those of the kind `rate` behind a place, but of counters that are gone: $1 and $2 the place, $3 at most. */
const RATES = tracksOf(`
  SELECT s.* FROM watch_states s JOIN watches w ON w.id = s.watch_id
  WHERE w.kind = 'rate' AND (s.watch_id, s.name) > ($1, $2)
    AND (s.state <> 'no_data' OR EXISTS (SELECT FROM counters c WHERE c.name = s.name AND NOT c.deleted))
  ORDER BY s.watch_id, s.name LIMIT $3`);

/** Of these somebody has to be told that nobody knows. */
const TOLD_FIRING = `
  SELECT ${millis('clock_timestamp()')} AS now_ms, s.name, ${OF_WATCH}
  FROM watch_states s JOIN watches w ON w.id = s.watch_id WHERE s.told = 'firing' AND w.kind <> 'unexpected'`;

/** Reads what watches are to know, and writes what they made of it, in one transaction. */
export class WatchLooks {
  private readonly portion = new Portion(MOST);

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
   * @param rates from where on tracks of the kind `rate` are due, whom time alone changes; null: they are not
   * @returns null where another instance is at it
   */
  async look(judge: Judge, beginOf: BeginOf, rates: RatesPlace | null): Promise<LookReport | null> {
    const { portion } = this;
    return portion.go(() =>
      inTransaction(this.pool, async (client) => {
        const place = await next(client, 'watches');
        switch (place.kind) {
          case 'busy':
            return null;
          case 'gap':
            return gapped(client, judge);
          case 'next':
            return looked(client, [place.seen, portion.batches, portion.counters], judge, beginOf, rates);
        }
      }),
    );
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
  return { judged: judged.length, turns: turns + turnsOf(judged), complete: false, gap: true, rates: null };
}

async function looked(
  client: pg.ClientBase,
  asked: readonly [seen: string, batches: number, counters: number],
  judge: Judge,
  beginOf: BeginOf,
  rates: RatesPlace | null,
): Promise<LookReport> {
  const isFresh = await freshened(client);
  const { rows } = await client.query<CandidateRow>(READ, [...asked, 'watches']);
  const { rows: due } = await client.query<CandidateRow>(DUE, [CHUNK_DUE]);
  const rated = rates === null ? [] : await ratesBehind(client, rates);
  const [first] = rows;
  if (first === undefined) throw new Error('a statement about the present has a row');
  const touched = candidatesOf(rows, false);
  // What was written just now was read already; what is due of it comes with the next look.
  const candidates = onceEach([...touched, ...candidatesOf(due, true), ...candidatesOf(rated, true)]);
  const nowMs = rated[0]?.now_ms ?? due[0]?.now_ms ?? first.now_ms;
  const judged = judge(candidates, { nowMs, baselines: await baselinesOf(client, candidates, beginOf, nowMs) });
  await store(client, judged);
  const complete = !isFresh && first.complete === true && due.length < CHUNK_DUE;
  const last = rated.length < CHUNK_RATES ? undefined : rated.at(-1);
  const place = last === undefined ? null : { watchId: last.watch_id ?? '', name: last.name };
  return { judged: candidates.length, turns: turnsOf(judged), complete, gap: false, rates: place };
}

async function ratesBehind(client: pg.ClientBase, { watchId, name }: RatesPlace): Promise<CandidateRow[]> {
  return (await client.query<CandidateRow>(RATES, [watchId, name, CHUNK_RATES])).rows;
}

/** The first of each counter of a watch. */
function onceEach(candidates: readonly Candidate[]): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const key = `${candidate.watchId} ${candidate.name}`;
    if (!found.has(key)) found.set(key, candidate);
  }
  return [...found.values()];
}

const turnsOf = (judged: readonly Judged[]): number => judged.reduce((sum, { turns }) => sum + turns.length, 0);
