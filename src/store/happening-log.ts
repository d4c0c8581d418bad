import type pg from 'pg';
import { type HappeningKind, type NewsItem, type NewsKind } from '../domain/happening.js';
import { withClient } from './clients.js';
import { removeOldest } from './oldest-rows.js';
import type { Replication } from './replication.js';
import { utc } from './utc.js';

/** A happening to be written down. */
export interface NewHappening {
  readonly kind: HappeningKind;
  readonly instance: string;
  readonly detail: object;
  /** RFC 3339, by the database's clock: an insert may lie in a frozen Postgres for as long as that is frozen. */
  readonly at: string;
  /** One text for what all instances notice, so that one of them tells it; null: each does. */
  readonly once: string | null;
}

export interface NewsQuestion {
  /** RFC 3339: not before this one, and before that one; null: any. */
  readonly from: string | null;
  readonly to: string | null;
  readonly kinds: readonly NewsKind[] | null;
  /** Before this one; null: from the latest. */
  readonly after: NewsPlace | null;
  readonly limit: number;
}

/** Where a page ends. */
export interface NewsPlace {
  /** Microseconds since 1970. */
  readonly us: string;
  readonly id: string;
}

export interface PlacedNews extends NewsItem {
  readonly us: string;
}

/** Several instances notice the same within their polls; one of them tells it. */
const SAME_WITHIN_S = 3;

/** Not the instance's own business: whoever tells it first tells it for all. */
const SHARED_KINDS: readonly HappeningKind[] = [
  'cache.blind',
  'cache.serving',
  'redis.away',
  'redis.back',
  'postgres.away',
  'postgres.back',
];

const INSERT = `
  INSERT INTO happenings (at, kind, instance, detail, once)
  SELECT at, kind, instance, detail, once
  FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::jsonb[], $5::text[]) AS new (at, kind, instance, detail, once)
  WHERE NOT (kind = ANY($6::text[]) AND EXISTS (
    SELECT FROM happenings h
    WHERE h.kind = new.kind
      AND h.at BETWEEN new.at - interval '${SAME_WITHIN_S} seconds' AND new.at + interval '${SAME_WITHIN_S} seconds'))
  ON CONFLICT (once) DO NOTHING`;

const MICROSECONDS = `(extract(epoch FROM at) * 1000000)::bigint::text`;

/** $1 from, $2 to, $3 kinds, $4 microseconds and $5 id of the last one of the page before, $6 how many. */
const within = (id: string, kind: string): string => `
  at >= coalesce($1::timestamptz, '-infinity') AND at < coalesce($2::timestamptz, 'infinity')
  AND ($3::text[] IS NULL OR ${kind} = ANY($3))
  AND ($4::bigint IS NULL OR at <= 'epoch'::timestamptz + $4 * interval '1 microsecond')
  AND ($4::bigint IS NULL OR (at, ${id}) < ('epoch'::timestamptz + $4 * interval '1 microsecond', $5::text))
  ORDER BY at DESC, ${id} DESC LIMIT $6`;

const HAPPENING_ID = `'h' || id::text`;
const DEED_ID = `'d' || id::text`;

const PAGE = `
  SELECT id, ${utc('at')} AS "at", ${MICROSECONDS} AS us, kind, instance, detail
  FROM (
    (SELECT ${HAPPENING_ID} AS id, at, kind, instance, detail FROM happenings WHERE ${within(HAPPENING_ID, 'kind')})
    UNION ALL
    (SELECT ${DEED_ID}, at, action, NULL, jsonb_build_object('actor', actor, 'isSession', is_session, 'via', via,
            'address', address, 'subject', subject, 'after', CASE WHEN left(action, 4) <> 'key.' THEN after END)
     FROM audit WHERE left(action, 8) <> 'counter.' AND ${within(DEED_ID, 'action')})
  ) AS news
  ORDER BY news.at DESC, id DESC LIMIT $6`;

/** The same, of which $1 is how long ago. */
const LATE = PAGE.replaceAll('$1::timestamptz', 'now() - $1::interval');

/** What happened, and what was done to the service, kept where no flush of Redis takes it. */
export class HappeningLog {
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
  ) {}

  /** @throws StoreFailure */
  async add(happenings: readonly NewHappening[]): Promise<void> {
    // Tried again each second, also while every commit waits for a standby.
    await this.replication.commit(this.pool, (client) =>
      client.query(INSERT, [
        happenings.map(({ at }) => at),
        happenings.map(({ kind }) => kind),
        happenings.map(({ instance }) => instance),
        happenings.map(({ detail }) => JSON.stringify(detail)),
        happenings.map(({ once }) => once),
        SHARED_KINDS,
      ]),
    );
  }

  /**
   * Latest first.
   *
   * @throws StoreFailure
   */
  async page({ from, to, kinds, after, limit }: NewsQuestion): Promise<PlacedNews[]> {
    const values = [from, to, kinds ?? null, after?.us ?? null, after?.id ?? null, limit];
    const { rows } = await withClient(this.pool, (client) => client.query<PlacedNews>(PAGE, values));
    return rows;
  }

  /**
   * What came of late, latest first; rows may come to be seen a moment after others that are later.
   *
   * @throws StoreFailure
   */
  async late(seconds: number, limit: number): Promise<PlacedNews[]> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<PlacedNews>(LATE, [`${seconds} seconds`, null, null, null, null, limit]),
    );
    return rows;
  }

  /**
   * Removes up to `limit` of the oldest: see `removeOldest`.
   *
   * @returns how many were removed
   * @throws StoreFailure
   */
  removeOld(days: number, keep: number, limit: number): Promise<number> {
    return removeOldest(this.pool, 'happenings', { days, keep, limit });
  }
}
