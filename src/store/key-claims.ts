import type pg from 'pg';
import type { IdempotencyKey } from '../domain/operation.js';
import { removeExpiredRows } from './expired-rows.js';
import { failureOf } from './failure.js';
import type { Replication } from './replication.js';
import { utc } from './utc.js';
import type { Writability } from './writability.js';

/** A key, and the request that it is to stand for. */
export interface WantedKey extends IdempotencyKey {
  /** Of the request, a UUID. */
  readonly fingerprint: string;
}

/** Which request a key stands for. */
export interface KeyClaim extends WantedKey {
  readonly until: string;
  /** It will stand for another one within the minute: nothing may be begun under it any more. */
  readonly isEnding: boolean;
}

/**
 * The last minute of a claim, in which nothing is begun under it: whoever was handed it before has long written when the
 * key stands for something else. Longer than any request and its statements take.
 */
const REST = `interval '1 minute'`;

/** Answers are kept for so much longer: their bucket may be on a server whose clock is another one. */
const ANSWERS_OUTLIVE = `interval '1 hour'`;

/** $5 hours. */
const LIFE = `(make_interval(hours => $5::int) + ${REST})`;

const IS_OVER = `c.expires_at <= excluded.expires_at - ${LIFE}`;

/**
 * $1 the bucket, $2 owners, $3 keys, $4 fingerprints. In the order of the keys: two that lock the same ones in different
 * orders would deadlock. What was proposed tells when that was, so that a claim is judged and made by one clock; one that
 * takes the place of another so ends later.
 */
const CLAIM = `
  INSERT INTO key_claims AS c (bucket, owner, key, fingerprint, expires_at)
  SELECT $1::smallint, owner, key, fingerprint, clock_timestamp() + ${LIFE}
  FROM unnest($2::text[], $3::text[], $4::uuid[]) AS asked (owner, key, fingerprint)
  ORDER BY owner COLLATE "C", key COLLATE "C"
  ON CONFLICT ON CONSTRAINT key_claims_pkey DO UPDATE SET
    fingerprint = CASE WHEN ${IS_OVER} THEN excluded.fingerprint ELSE c.fingerprint END,
    expires_at = CASE WHEN ${IS_OVER} THEN excluded.expires_at ELSE c.expires_at END
  RETURNING owner, key, fingerprint, ${utc(`(expires_at + ${ANSWERS_OUTLIVE})`)} AS until,
    expires_at - ${REST} <= clock_timestamp() AS is_ending`;

export class KeyClaims {
  /** @param general for what nobody waits for */
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
    private readonly writability: Writability,
    private readonly general: pg.Pool,
  ) {}

  /**
   * Claims keys of one bucket, each once, in one statement and one commit: what a key does not stand for yet, it stands for
   * now. The same again finds itself.
   *
   * @param hours for how long it does
   * @returns what each of them stands for
   */
  async claim(bucket: number, asked: readonly WantedKey[], hours: number): Promise<KeyClaim[]> {
    const columns = [
      asked.map(({ owner }) => owner),
      asked.map(({ key }) => key),
      asked.map(({ fingerprint }) => fingerprint),
    ];
    try {
      const { rows } = await this.writability.watch(() =>
        this.replication.commit(this.pool, (client) =>
          client.query<WantedKey & { until: string; is_ending: boolean }>({
            name: 'claim-keys',
            text: CLAIM,
            values: [bucket, ...columns, hours],
          }),
        ),
      );
      return rows.map(({ is_ending: isEnding, ...claim }) => ({ ...claim, isEnding }));
    } catch (error) {
      throw failureOf(error);
    }
  }

  /**
   * Removes up to `limit` claims that have expired. Rows that somebody holds are skipped.
   *
   * @returns how many were removed
   */
  removeExpired(limit: number): Promise<number> {
    return removeExpiredRows(this.general, 'key_claims', limit);
  }
}
