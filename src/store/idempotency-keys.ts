import type pg from 'pg';
import type { Buckets } from '../domain/bucket.js';
import type { IdempotencyKey, Outcome, RefusalCode } from '../domain/operation.js';
import {
  numberOrNull,
  STATE_IN_KEY,
  STATE_WIDTH,
  stateArrays,
  keyStateAsText,
  stateParameters,
  type StateRow,
  truthOf,
} from './counter-row.js';
import { removeExpiredRows } from './expired-rows.js';
import { LOGGED, type Replication } from './replication.js';
import { utc } from './utc.js';

/** A key that was decided before, and for which request. */
export interface UsedKey extends IdempotencyKey {
  readonly fingerprint: string;
  /** The row waits for the clean-up, and the key stands for a new request. */
  readonly expired: boolean;
  /** What the database's clock said when it was read, RFC 3339. */
  readonly clock: string;
  /** @param name the counter of the request, which the fingerprint vouches for */
  readonly outcomeFor: (name: string) => Outcome;
}

export interface UsedKeyRow extends StateRow {
  readonly owner: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly expired: boolean;
  readonly created: boolean;
  readonly previous: string | null;
  readonly key_clock: string;
  readonly refusal: { code: RefusalCode; detail: string; requestId: string } | null;
}

/**
 * Whether a row `k` is over for whoever asked: by the clock, or since a later claim of its key (`asked.until`) has taken its
 * place. Behind a claim that is live no answer of its own can be over: it is kept for longer.
 */
const IS_OVER = `CASE WHEN asked.until IS NULL THEN k.expires_at <= clock_timestamp() ELSE k.expires_at < asked.until END`;

/** What was decided under a key is told behind a commit that waits for the standby, as the first answer was. */
export const USED_KEY_COLUMNS = `k.owner, k.key, k.fingerprint, ${IS_OVER} AS expired,
  k.created, ${keyStateAsText('k')}, k.previous, k.refusal,
  ${LOGGED} AS logged, ${utc('clock_timestamp()')} AS key_clock`;

export function usedKeyOf(row: UsedKeyRow): UsedKey {
  const { owner, key, fingerprint, expired, key_clock: clock } = row;
  return { owner, key, fingerprint, expired, clock, outcomeFor: (name) => outcomeOf(name, row) };
}

function outcomeOf(name: string, row: UsedKeyRow): Outcome {
  const truth = truthOf({ ...row, name, deleted: row.value === null });
  if (row.refusal !== null) return { kind: 'refused', ...row.refusal, truth };
  return { kind: 'done', truth, created: row.created, previous: numberOrNull(row.previous) };
}

/** A key, and the counter of the request that it came with. */
export interface AskedKey extends IdempotencyKey {
  readonly name: string;
}

/** An outcome on its way into a row. */
export interface KeptKey extends IdempotencyKey {
  readonly fingerprint: string;
  readonly outcome: Outcome;
}

/** The columns of kept keys, but for how long they are kept. */
export const KEPT_KEY_COLUMNS = `owner, key, fingerprint, created, ${STATE_IN_KEY}, previous, refusal`;

/** How many there are, and until when they are kept. */
export const KEPT_KEY_WIDTH = STATE_WIDTH + 7;

/** The parameters from `$first` on for `keptKeyArrays`: the columns in their order, and `until` (null: nothing is said). */
export const keptKeyParameters = (first: number): string => {
  const [owner, key, fingerprint, created, state] = [first, first + 1, first + 2, first + 3, first + 4];
  const [previous, refusal, until] = [state + STATE_WIDTH, state + STATE_WIDTH + 1, state + STATE_WIDTH + 2];
  return `$${owner}::text[], $${key}::text[], $${fingerprint}::uuid[], $${created}::boolean[],
    ${stateParameters(state)}, $${previous}::bigint[], $${refusal}::jsonb[], $${until}::timestamptz[]`;
};

/** An array a column. */
export function keptKeyArrays(keys: readonly KeptKey[]): unknown[] {
  return [
    keys.map(({ owner }) => owner),
    keys.map(({ key }) => key),
    keys.map(({ fingerprint }) => fingerprint),
    keys.map(({ outcome }) => outcome.kind === 'done' && outcome.created),
    ...stateArrays(keys.map(({ outcome }) => outcome.truth)),
    keys.map(({ outcome }) => (outcome.kind === 'done' ? outcome.previous : null)),
    keys.map(({ outcome }) =>
      outcome.kind === 'refused'
        ? JSON.stringify({ code: outcome.code, detail: outcome.detail, requestId: outcome.requestId })
        : null,
    ),
    keys.map(({ until }) => until ?? null),
  ];
}

/** Which of these keys were decided before. */
export async function findKeys(client: pg.ClientBase, buckets: Buckets, keys: readonly AskedKey[]): Promise<UsedKey[]> {
  const { rows } = await client.query<UsedKeyRow>({
    name: 'find-keys',
    text: `
      SELECT ${USED_KEY_COLUMNS}
      FROM ${ASKED}
      JOIN idempotency_keys k ON k.bucket = asked.bucket AND k.owner = asked.owner AND k.key = asked.key`,
    values: askedColumns(buckets, keys),
  });
  return rows.map(usedKeyOf);
}

/** Removes these keys, as far as they are over, so that they can stand for new requests. */
export async function removeExpiredOf(
  client: pg.ClientBase,
  buckets: Buckets,
  keys: readonly AskedKey[],
): Promise<void> {
  await client.query({
    name: 'remove-expired-of',
    text: `
      DELETE FROM idempotency_keys k
      USING ${ASKED}
      WHERE k.bucket = asked.bucket AND k.owner = asked.owner AND k.key = asked.key AND ${IS_OVER}`,
    values: askedColumns(buckets, keys),
  });
}

/** Keys that are asked for, of the parameters that `askedColumns` makes. */
const ASKED = 'unnest($1::text[], $2::text[], $3::smallint[], $4::timestamptz[]) AS asked (owner, key, bucket, until)';

function askedColumns(buckets: Buckets, keys: readonly AskedKey[]): unknown[] {
  return [
    keys.map(({ owner }) => owner),
    keys.map(({ key }) => key),
    keys.map(({ name }) => buckets.of(name)),
    keys.map(({ until }) => until ?? null),
  ];
}

export class IdempotencyKeys {
  /** @param general for what nobody waits for */
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
    private readonly general: pg.Pool,
    private readonly buckets: Buckets,
  ) {}

  /** Which of these keys were decided before; those that are over are removed. */
  async findLive(keys: readonly AskedKey[]): Promise<UsedKey[]> {
    return this.replication.commit(this.pool, async (client) => {
      await removeExpiredOf(client, this.buckets, keys);
      return findKeys(client, this.buckets, keys);
    });
  }

  /**
   * Removes up to `limit` expired keys. Rows that somebody holds are skipped, so the table is never held up.
   *
   * @returns how many were removed
   */
  removeExpired(limit: number): Promise<number> {
    return removeExpiredRows(this.general, 'idempotency_keys', limit);
  }
}
