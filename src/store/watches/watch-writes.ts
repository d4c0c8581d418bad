import type pg from 'pg';
import { endOfPrefix } from '../prefix.js';
import type { Judged } from './candidate.js';

/** Counters of one watch of a prefix: what a person can still look through; those beyond are not watched. */
export const MAX_TRACKS = 10_000;

/** Watches that are looked at anew in one statement: of counters, and of prefixes, which have many. */
const FRESH_NAMES = 500;
const FRESH_PREFIXES = 1;

/** Tracks that are written in one statement: a hundred milliseconds. */
const CHUNK_STORED = 5_000;

/** Tracks that a gap makes unknown in one statement. */
const CHUNK_LEFT = 5_000;

/**
 * Sees to it that whatever a new or changed watch is about is looked at now.
 *
 * @returns whether there may be more
 */
export async function freshened(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ prefixes: number; names: number }>(
    `WITH looked AS (
       UPDATE watches SET fresh = false WHERE id IN (
         (SELECT id FROM watches WHERE fresh AND prefix IS NULL LIMIT $1)
         UNION ALL (SELECT id FROM watches WHERE fresh AND prefix IS NOT NULL LIMIT $2))
       RETURNING id, name, prefix, kind
     ), tracks AS (
       INSERT INTO watch_states (watch_id, name, state, since, due_at)
       SELECT id, found.name, 'no_data', clock_timestamp(), CASE WHEN kind <> 'unexpected' THEN clock_timestamp() END
       FROM looked CROSS JOIN LATERAL (
         SELECT looked.name WHERE looked.name IS NOT NULL
         UNION ALL (
           SELECT c.name FROM counters c
           WHERE c.name >= looked.prefix AND c.name < looked.prefix || $3 AND NOT c.deleted ORDER BY c.name LIMIT $4)
       ) AS found
       ON CONFLICT (watch_id, name) DO UPDATE SET due_at = excluded.due_at
     )
     SELECT count(prefix)::int AS prefixes, count(name)::int AS names FROM looked`,
    [FRESH_NAMES, FRESH_PREFIXES, endOfPrefix(''), MAX_TRACKS],
  );
  const [{ prefixes, names } = { prefixes: 0, names: 0 }] = rows;
  return prefixes === FRESH_PREFIXES || names === FRESH_NAMES;
}

/**
 * Makes every track unknown, and has them all looked at anew.
 *
 * @returns how many turned
 */
export async function leftBehind(client: pg.ClientBase): Promise<number> {
  let turned = 0;
  for (;;) {
    const { rowCount } = await client.query(
      `WITH old AS (
         SELECT watch_id, s.name, state FROM watch_states s JOIN watches w ON w.id = s.watch_id
         WHERE state <> 'no_data' AND kind <> 'unexpected' LIMIT $1
       ), lost AS (
         UPDATE watch_states s SET state = 'no_data', since = clock_timestamp(), pending = NULL, pending_since = NULL,
                due_at = NULL, turns = s.turns + 1, observed = NULL
         FROM old WHERE s.watch_id = old.watch_id AND s.name = old.name
         RETURNING s.watch_id, s.name, s.turns, s.since, old.state AS before
       )
       INSERT INTO watch_turns (watch_id, name, turn, at, from_state, to_state)
       SELECT watch_id, name, turns, since, before, 'no_data' FROM lost`,
      [CHUNK_LEFT],
    );
    turned += rowCount ?? 0;
    if ((rowCount ?? 0) < CHUNK_LEFT) break;
  }
  await client.query(`UPDATE watches SET fresh = true WHERE NOT fresh AND kind <> 'unexpected'`);
  return turned;
}

const timeOf = (ms: number | null): string | null => (ms === null ? null : new Date(Math.round(ms)).toISOString());

/** Keeps what was decided: tracks, their turns, and what webhooks are to be told of them. */
export async function store(client: pg.ClientBase, judged: readonly Judged[]): Promise<void> {
  for (let from = 0; from < judged.length; from += CHUNK_STORED) {
    const some = judged.slice(from, from + CHUNK_STORED);
    await storeTracks(client, some);
    await storeTurns(client, some);
    await storeMessages(client, some);
  }
}

async function storeTracks(client: pg.ClientBase, judged: readonly Judged[]): Promise<void> {
  await client.query(
    `INSERT INTO watch_states AS s (watch_id, name, state, since, pending, pending_since, observed, told, turns, due_at)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[],
                          $7::bigint[], $8::text[], $9::bigint[], $10::timestamptz[])
     ON CONFLICT (watch_id, name) DO UPDATE SET
       state = excluded.state, since = excluded.since, pending = excluded.pending,
       pending_since = excluded.pending_since, told = excluded.told, turns = excluded.turns, due_at = excluded.due_at,
       observed = CASE WHEN excluded.turns > s.turns THEN excluded.observed ELSE s.observed END`,
    [
      judged.map(({ candidate }) => candidate.watchId),
      judged.map(({ candidate }) => candidate.name),
      judged.map(({ track }) => track.state),
      judged.map(({ track }) => timeOf(track.sinceMs)),
      judged.map(({ track }) => track.pending?.to ?? null),
      judged.map(({ track }) => timeOf(track.pending?.sinceMs ?? null)),
      judged.map(({ turns }) => turns.at(-1)?.observed ?? null),
      judged.map(({ told }) => told),
      judged.map(({ candidate, turns }) => candidate.turns + turns.length),
      judged.map(({ dueMs }) => timeOf(dueMs)),
    ],
  );
}

async function storeTurns(client: pg.ClientBase, judged: readonly Judged[]): Promise<void> {
  const all = judged.flatMap(({ candidate, turns }) =>
    turns.map((turn, index) => ({ ...turn, candidate, number: candidate.turns + index + 1 })),
  );
  if (all.length === 0) return;
  await client.query(
    `INSERT INTO watch_turns (watch_id, name, turn, at, from_state, to_state, observed)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[])`,
    [
      all.map(({ candidate }) => candidate.watchId),
      all.map(({ candidate }) => candidate.name),
      all.map(({ number }) => number),
      all.map(({ atMs }) => timeOf(atMs)),
      all.map(({ from }) => from),
      all.map(({ to }) => to),
      all.map(({ observed }) => observed),
    ],
  );
}

/** After so long without an answer a message is given up. */
export const GIVE_UP_HOURS = 24;

/** To webhooks that are still there; one that is disabled is told when it is enabled again. */
async function storeMessages(client: pg.ClientBase, judged: readonly Judged[]): Promise<void> {
  const all = judged.flatMap(({ messages }) => messages);
  if (all.length === 0) return;
  await client.query(
    `INSERT INTO webhook_deliveries (id, webhook_id, type, body, give_up_at)
     SELECT message.id, h.id, type, body, clock_timestamp() + make_interval(hours => $5)
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS message (id, webhook_id, type, body)
     JOIN webhooks h ON h.id = message.webhook_id
     ON CONFLICT (id) DO NOTHING`,
    [
      all.map(({ id }) => id),
      all.map(({ webhookId }) => webhookId),
      all.map(({ type }) => type),
      all.map(({ body }) => body),
      GIVE_UP_HOURS,
    ],
  );
}
