import type pg from 'pg';
import type { Deed, DeedKind, Via } from '../domain/deed.js';
import { withClient } from './clients.js';
import { removeOldest } from './oldest-rows.js';
import { utc } from './utc.js';

/** A deed as it was written down. */
export interface WrittenDeed {
  /** Rising. */
  readonly id: string;
  /** RFC 3339, UTC, by the database's clock. */
  readonly at: string;
  readonly action: DeedKind;
  readonly actor: string;
  readonly isSession: boolean;
  readonly via: Via;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly subject: string | null;
  readonly before: object | null;
  readonly after: object | null;
}

/** Which deeds are asked for; null: any. */
export interface AuditQuestion {
  /** RFC 3339: not before this one, and before that one. */
  readonly from: string | null;
  readonly to: string | null;
  readonly actor: string | null;
  readonly action: DeedKind | null;
  readonly subject: string | null;
  /** The id of the last deed that was looked at; null: from the latest. */
  readonly after: string | null;
  readonly limit: number;
}

export interface AuditPage {
  /** Latest first. */
  readonly deeds: readonly WrittenDeed[];
  /** The id of the last one that was looked at; null: it looked at all of them. */
  readonly upTo: string | null;
  readonly looked: number;
}

/** Rows that one page looks through: some tens of milliseconds, however rare is what is asked for. */
const LOOKED_AT = 20_000;

const COLUMNS = 'action, actor, is_session, via, address, request_id, subject, before, after';

/** Parameters for `deedArrays`, of which there are nine, from $first on. */
function deedParameters(first: number): string {
  const types = ['text', 'text', 'boolean', 'text', 'text', 'text', 'text', 'jsonb', 'jsonb'];
  return types.map((type, at) => `$${first + at}::${type}[]`).join(', ');
}

/** The values of those parameters, an array for each column. */
export function deedArrays(deeds: readonly Deed[]): unknown[] {
  return [
    deeds.map(({ action }) => action),
    deeds.map(({ by }) => by.actor),
    deeds.map(({ by }) => by.isSession),
    deeds.map(({ by }) => by.via),
    deeds.map(({ by }) => by.address),
    deeds.map(({ by }) => by.requestId),
    deeds.map(({ subject }) => subject),
    deeds.map(({ before }) => jsonOf(before)),
    deeds.map(({ after }) => jsonOf(after)),
  ];
}

function jsonOf(part: object | null): string | null {
  return part === null ? null : JSON.stringify(part);
}

/** A statement that writes deeds down, for the transaction of what they tell of. */
export function insertDeeds(first: number): string {
  return `INSERT INTO audit (${COLUMNS}) SELECT * FROM unnest(${deedParameters(first)})`;
}

/** Writes deeds down in a transaction that somebody else has begun. */
export async function writeDeeds(client: pg.PoolClient, deeds: readonly Deed[]): Promise<void> {
  await client.query({ name: 'write-deeds', text: insertDeeds(1), values: deedArrays(deeds) });
}

/** $1 up to which id, $2 from, $3 to, $4 how many to look through, $5 actor, $6 action, $7 subject, $8 how many. */
const PAGE = `
  WITH looked AS MATERIALIZED (
    SELECT * FROM audit
    WHERE ($1::bigint IS NULL OR (at, id) < ((SELECT at FROM audit WHERE id = $1), $1::bigint))
      AND at >= coalesce($2::timestamptz, '-infinity') AND at < coalesce($3::timestamptz, 'infinity')
    ORDER BY at DESC, id DESC LIMIT $4
  ),
  found AS (
    SELECT * FROM looked
    WHERE actor = coalesce($5, actor) AND action = coalesce($6, action) AND ($7::text IS NULL OR subject = $7)
    ORDER BY at DESC, id DESC LIMIT $8
  )
  SELECT (SELECT count(*)::int FROM looked) AS looked,
         (SELECT id::text FROM looked ORDER BY looked.at, looked.id LIMIT 1) AS last,
         (SELECT coalesce(json_agg(json_build_object(
            'id', id::text, 'at', ${utc('at')}, 'action', action, 'actor', actor, 'isSession', is_session,
            'via', via, 'address', address, 'requestId', request_id, 'subject', subject, 'before', before, 'after', after
          ) ORDER BY found.at DESC, found.id DESC), '[]') FROM found) AS deeds`;

/** Who did what, latest first. */
export class AuditLog {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * The next deeds; fewer than the limit, or none, where it did not come to more in so many rows.
   *
   * @throws StoreFailure
   */
  async page({ from, to, actor, action, subject, after, limit }: AuditQuestion): Promise<AuditPage> {
    const values = [after, from, to, LOOKED_AT, actor, action, subject, limit + 1];
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ looked: number; last: string | null; deeds: WrittenDeed[] }>(PAGE, values),
    );
    const { looked = 0, last = null, deeds = [] } = rows[0] ?? {};
    if (deeds.length > limit) {
      const page = deeds.slice(0, limit);
      return { deeds: page, upTo: page.at(-1)?.id ?? null, looked };
    }
    return { deeds, upTo: looked === LOOKED_AT ? last : null, looked };
  }

  /**
   * Writes down what is about to be done, where no transaction holds it.
   *
   * @returns its id, for `finish`
   * @throws StoreFailure
   */
  async begin(deed: Deed): Promise<string> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ id: string }>(`${insertDeeds(1)} RETURNING id::text`, deedArrays([deed])),
    );
    const [row] = rows;
    if (row === undefined) throw new Error('what was inserted is returned');
    return row.id;
  }

  /**
   * Adds to a deed what it came to.
   *
   * @throws StoreFailure
   */
  async finish(id: string, after: object): Promise<void> {
    await withClient(this.pool, (client) =>
      client.query('UPDATE audit SET after = $2::jsonb WHERE id = $1::bigint', [id, JSON.stringify(after)]),
    );
  }

  /**
   * Removes up to `limit` of the oldest deeds: see `removeOldest`.
   *
   * @returns how many were removed
   * @throws StoreFailure
   */
  removeOld(days: number, keep: number, limit: number): Promise<number> {
    return removeOldest(this.pool, 'audit', { days, keep, limit });
  }
}
