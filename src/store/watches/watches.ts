import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import { type Condition, kindOf, type Limit, type Watch, type WatchState, type WatchWish } from '../../domain/watch.js';
import { LOCKS } from '../advisory-locks.js';
import { withClient } from '../clients.js';
import { endOfPrefix } from '../prefix.js';
import { inTransaction } from '../transaction.js';

/** How the counters of a watch stand. */
export interface Standing {
  /** `firing` where any of them is, else `ok` where any is. */
  readonly state: WatchState;
  /** Since when the first of those in this state are. */
  readonly since: string | null;
  /** Counters in each state. */
  readonly firing: number;
  readonly ok: number;
  readonly noData: number;
}

export interface StandingWatch extends Watch {
  readonly standing: Standing;
}

/** A change of state, as it is told. */
export interface ToldTurn {
  readonly counter: string;
  readonly at: string;
  readonly from: WatchState;
  readonly to: WatchState;
  readonly observed: number | null;
}

/** A watch that fires, and on how many counters. */
export interface Firing {
  readonly id: string;
  readonly label: string;
  readonly counters: number;
}

/** Which watches are asked for; null: any. */
export interface WatchQuestion {
  /** About names that begin with it: of their own, or the beginning of theirs. */
  readonly prefix: string;
  /** Of this counter, and only how it stands. */
  readonly name: string | null;
  readonly state: WatchState | null;
  /** The id of the last one before; '': from the first on. */
  readonly after: string;
  readonly limit: number;
}

/** How many watches there are, for limits. */
export interface WatchCounts {
  readonly all: number;
  readonly prefixes: number;
  readonly unexpected: number;
}

/**
 * What became of one that was to be put in the place of another.
 *
 * - `absent`: there is none in whose place it could be.
 * - `full`: there is no room for it.
 * - `changed`: the one before is not what it was.
 */
export type Replacement = 'replaced' | 'absent' | 'full' | 'changed';

const COLUMNS = `id, label, name, prefix, condition, hysteresis::float8 AS hysteresis, hold_ms::float8 AS "holdMs", notify,
  muted, created_at AS "createdAt", updated_at AS "updatedAt"`;

const STANDING = `
  SELECT w.*, coalesce(s.firing, 0)::int AS firing, coalesce(s.ok, 0)::int AS ok, coalesce(s.no_data, 0)::int AS "noData",
         coalesce(s.firing_since, s.ok_since, s.since) AS since
  FROM (SELECT ${COLUMNS} FROM watches`;

/** @param which of the tracks count */
const tracks = (which: string): string => `) AS w LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'firing') AS firing, count(*) FILTER (WHERE state = 'ok') AS ok,
           count(*) FILTER (WHERE state = 'no_data') AS no_data, min(since) FILTER (WHERE state = 'firing') AS firing_since,
           min(since) FILTER (WHERE state = 'ok') AS ok_since, min(since) AS since
    FROM watch_states WHERE watch_id = w.id AND ${which}
  ) AS s ON true ORDER BY w.id`;

/** Of the counter $5; null: of each. */
const OF_COUNTER = '($5::text IS NULL OR watch_states.name = $5)';

const stands = (state: WatchState): string =>
  `EXISTS (SELECT FROM watch_states WHERE watch_id = watches.id AND state = '${state}' AND ${OF_COUNTER})`;

/** $1 beginning of names, $2 what is above all, $3 the last id before, $4 how many, $5 counter, $6 state. */
const PAGE = `${STANDING}
  WHERE coalesce(name, prefix) >= $1 AND coalesce(name, prefix) < $1 || $2 AND id > $3
    AND ($5::text IS NULL OR name = $5 OR starts_with($5, prefix))
    AND ($6::text IS NULL
         OR $6 = CASE WHEN ${stands('firing')} THEN 'firing' WHEN ${stands('ok')} THEN 'ok' ELSE 'no_data' END)
  ORDER BY id LIMIT $4 ${tracks(OF_COUNTER)}`;

interface Kept extends Omit<Watch, 'when'> {
  readonly condition: Condition;
}

interface WatchRow extends Kept {
  readonly firing: number;
  readonly ok: number;
  readonly noData: number;
  readonly since: string | null;
}

/** Watches as they are kept, and how they stand. */
export class Watches {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * @param fits whether there is room for one more
   * @returns whether it was added
   */
  async add(id: string, wish: WatchWish, fits: (counts: WatchCounts) => boolean): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      if (!fits(await othersThan(client, id))) return false;
      await client.query(
        `INSERT INTO watches (id, label, name, prefix, condition, kind, above, below, hysteresis, hold_ms, notify, muted)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
        valuesOf(id, wish),
      );
      return true;
    });
  }

  /**
   * Puts another in its place. Where what it is about, or what makes it fire, is another one, its states begin anew.
   *
   * @param fits whether there is room for it beside the others
   * @param before what it has to be still; null: it may be anything
   */
  async replace(
    id: string,
    wish: WatchWish,
    fits: (counts: WatchCounts) => boolean,
    before: Watch | null,
  ): Promise<Replacement> {
    return inTransaction(this.pool, async (client) => {
      if (!fits(await othersThan(client, id))) return 'full';
      // Nobody else changes one until the transaction ends.
      if (before !== null && !(await isStill(client, before))) return 'changed';
      const { rowCount } = await client.query(
        `WITH changed AS (
           SELECT id FROM watches WHERE id = $1 AND (name, prefix, condition) IS DISTINCT FROM ($3, $4, $5::jsonb)
         ), forgotten AS (
           UPDATE watch_states SET state = 'no_data', since = now(), pending = NULL, pending_since = NULL, due_at = NULL,
                  judged_to = NULL, expected_to = NULL, observed = NULL
           FROM changed WHERE watch_id = changed.id AND name = $3
         ), others AS (
           DELETE FROM watch_states USING changed WHERE watch_id = changed.id AND name IS DISTINCT FROM $3
         ), turns AS (
           DELETE FROM watch_turns USING changed WHERE watch_id = changed.id AND name IS DISTINCT FROM $3
         )
         UPDATE watches SET label = $2, name = $3, prefix = $4, condition = $5, kind = $6, above = $7, below = $8,
                hysteresis = $9, hold_ms = $10, notify = $11, muted = $12, fresh = true, updated_at = now()
         WHERE id = $1`,
        valuesOf(id, wish),
      );
      return rowCount === 1 ? 'replaced' : 'absent';
    });
  }

  /** @returns whether there was one */
  async remove(id: string): Promise<boolean> {
    const { rowCount } = await withClient(this.pool, (client) =>
      client.query('DELETE FROM watches WHERE id = $1', [id]),
    );
    return rowCount === 1;
  }

  /** Null where there is none. */
  async find(id: string): Promise<StandingWatch | null> {
    const [found] = await this.rows(`${STANDING} WHERE id = $1 ${tracks('true')}`, [id]);
    return found ?? null;
  }

  /** By id. */
  async page({ prefix, name, state, after, limit }: WatchQuestion): Promise<StandingWatch[]> {
    return this.rows(PAGE, [prefix, endOfPrefix(''), after, limit, name, state]);
  }

  /** The latest turns of a watch, latest first. */
  async turns(id: string, limit: number): Promise<ToldTurn[]> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<ToldTurn>(
        `SELECT name AS counter, at, from_state AS "from", to_state AS "to", observed::float8 AS observed
         FROM watch_turns WHERE watch_id = $1 ORDER BY at DESC, name, turn DESC LIMIT $2`,
        [id, limit],
      ),
    );
    return rows;
  }

  /** How many tracks are in each state, and up to `limit` watches that fire. */
  async summary(limit: number): Promise<{ readonly tracks: Record<WatchState, number>; readonly firing: Firing[] }> {
    return withClient(this.pool, async (client) => {
      const { rows } = await client.query<{ state: WatchState; count: number }>(
        'SELECT state, count(*)::int AS count FROM watch_states GROUP BY state',
      );
      const { rows: firing } = await client.query<Firing>(
        `SELECT w.id, w.label, count(*)::int AS counters
         FROM watch_states s JOIN watches w ON w.id = s.watch_id WHERE s.state = 'firing' AND NOT w.muted
         GROUP BY w.id, w.label ORDER BY w.id LIMIT $1`,
        [limit],
      );
      const tracks = { ok: 0, firing: 0, no_data: 0 };
      for (const { state, count } of rows) tracks[state] = count;
      return { tracks, firing };
    });
  }

  private async rows(text: string, values: readonly unknown[]): Promise<StandingWatch[]> {
    const { rows } = await withClient(this.pool, (client) => client.query<WatchRow>(text, [...values]));
    return rows.map(({ condition, firing, ok, noData, since, ...watch }) => ({
      ...watch,
      when: condition,
      standing: { state: firing > 0 ? 'firing' : ok > 0 ? 'ok' : 'no_data', since, firing, ok, noData },
    }));
  }
}

/** Counts the other watches; nobody else adds or changes one until the transaction ends. */
async function othersThan(client: pg.ClientBase, id: string): Promise<WatchCounts> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCKS.watches]);
  const { rows } = await client.query<WatchCounts>(
    `SELECT count(*)::int AS "all", count(prefix)::int AS prefixes,
            (count(*) FILTER (WHERE kind = 'unexpected'))::int AS unexpected FROM watches WHERE id <> $1`,
    [id],
  );
  return rows[0] ?? { all: 0, prefixes: 0, unexpected: 0 };
}

/** Also of one that is gone: then there is nothing to replace, and the statement tells so. */
async function isStill(client: pg.ClientBase, before: Watch): Promise<boolean> {
  const { rows } = await client.query<Kept>(`SELECT ${COLUMNS} FROM watches WHERE id = $1`, [before.id]);
  const [row] = rows;
  return row === undefined || isDeepStrictEqual(wishIn({ ...row, when: row.condition }), wishIn(before));
}

function wishIn({ label, name, prefix, when, hysteresis, holdMs, notify, muted }: WatchWish): WatchWish {
  return { label, name, prefix, when, hysteresis, holdMs, notify, muted };
}

function valuesOf(id: string, wish: WatchWish): unknown[] {
  const { label, name, prefix, when, hysteresis, holdMs, notify, muted } = wish;
  const kind = kindOf(when);
  const limit: Limit = kind === 'value' ? (when as Limit) : {};
  const { above = null, below = null } = limit;
  return [id, label, name, prefix, JSON.stringify(when), kind, above, below, hysteresis, holdMs, notify, muted];
}
