/** How Postgres and Redis stand. */
export interface GuardHealth {
  readonly postgres: 'up' | 'down';
  /** `degraded`: no entries are served, because Redis is away or an instance cannot reach it. */
  readonly redis: 'up' | 'degraded';
}

/**
 * What the guard lets this instance do with entries:
 *
 * - `serving`: serve them;
 * - `unverified`: serve them marked, since Postgres is away;
 * - `blind`: an instance cannot publish, so nobody serves any;
 * - `waiting`: not yet, or not now: Redis is away, not the named one, or was named a moment ago; or the database is
 *   another one than before, and who was blind under that one may still be.
 */
export const GUARD_STANDINGS = ['serving', 'unverified', 'blind', 'waiting'] as const;
export type GuardStanding = (typeof GUARD_STANDINGS)[number];

/**
 * What an instance sees of the servers, as of its last poll: `up`, `silent` where one did not answer that poll, which may
 * be our own delay, `away` where it did not answer several; and what follows from it.
 */
export interface Seen {
  readonly postgres: 'up' | 'silent' | 'away';
  readonly redis: 'up' | 'silent' | 'away';
  readonly standing: GuardStanding;
}

/** How many units of the cache stand how; a single Redis is one. */
export type UnitsStanding = Readonly<Record<GuardStanding, number>>;
