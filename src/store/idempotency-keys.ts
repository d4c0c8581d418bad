import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { isCounter } from '../domain/counter.js';
import type { IdempotencyKey, Outcome, RefusalCode } from '../domain/operation.js';
import { counterOf, numberOrNull } from './counter-row.js';
import { LOGGED, type Replication } from './replication.js';
import { utc } from './utc.js';

/** A key that was decided before, and for which request. */
export interface UsedKey extends IdempotencyKey {
  readonly fingerprint: string;
  /** Past its time: the row waits for the clean-up, and the key may stand for a new request. */
  readonly expired: boolean;
  /** @param name the counter of the request, which the fingerprint vouches for */
  readonly outcomeFor: (name: string) => Outcome;
}

export interface UsedKeyRow {
  readonly owner: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly expired: boolean;
  readonly created: boolean;
  readonly value: string | null;
  readonly version: string;
  readonly min: string | null;
  readonly max: string | null;
  readonly created_at: string | null;
  readonly updated_at: string | null;
  readonly previous: string | null;
  readonly refusal: { code: RefusalCode; detail: string; requestId: string } | null;
}

/** What was decided under a key is told behind a commit that waits for the standby, as the first answer was. */
export const USED_KEY_COLUMNS = `k.owner, k.key, k.fingerprint, k.expires_at <= clock_timestamp() AS expired,
  k.created, k.value, k.version, k.min, k.max,
  ${utc('k.created_at')} AS created_at, ${utc('k.updated_at')} AS updated_at, k.previous, k.refusal,
  ${LOGGED} AS logged`;

export function usedKeyOf(row: UsedKeyRow): UsedKey {
  const { owner, key, fingerprint, expired } = row;
  return { owner, key, fingerprint, expired, outcomeFor: (name) => outcomeOf(name, row) };
}

function outcomeOf(name: string, row: UsedKeyRow): Outcome {
  const truth =
    row.value === null || row.created_at === null || row.updated_at === null
      ? { name, value: null, version: Number(row.version) }
      : counterOf({ ...row, name, value: row.value, created_at: row.created_at, updated_at: row.updated_at });
  if (row.refusal !== null) return { kind: 'refused', ...row.refusal, truth };
  return { kind: 'done', truth, created: row.created, previous: numberOrNull(row.previous) };
}

/** An outcome on its way into a row. */
export interface KeptKey extends IdempotencyKey {
  readonly fingerprint: string;
  readonly outcome: Outcome;
}

/** The parameters of `INSERT ... SELECT FROM unnest(...)` for kept keys, one array a column. */
export function keptKeyColumns(keys: readonly KeptKey[]): unknown[] {
  const counters = keys.map(({ outcome }) => (isCounter(outcome.truth) ? outcome.truth : null));
  return [
    keys.map(({ owner }) => owner),
    keys.map(({ key }) => key),
    keys.map(({ fingerprint }) => fingerprint),
    keys.map(({ outcome }) => outcome.kind === 'done' && outcome.created),
    counters.map((counter) => counter?.value ?? null),
    keys.map(({ outcome }) => outcome.truth.version),
    counters.map((counter) => counter?.min ?? null),
    counters.map((counter) => counter?.max ?? null),
    counters.map((counter) => counter?.createdAt ?? null),
    counters.map((counter) => counter?.updatedAt ?? null),
    keys.map(({ outcome }) => (outcome.kind === 'done' ? outcome.previous : null)),
    keys.map(({ outcome }) =>
      outcome.kind === 'refused'
        ? JSON.stringify({ code: outcome.code, detail: outcome.detail, requestId: outcome.requestId })
        : null,
    ),
  ];
}

/** Which of these keys were decided before. */
export async function findKeys(client: pg.ClientBase, keys: readonly IdempotencyKey[]): Promise<UsedKey[]> {
  const { rows } = await client.query<UsedKeyRow>({
    name: 'find-keys',
    text: `
      SELECT ${USED_KEY_COLUMNS}
      FROM unnest($1::text[], $2::text[]) AS asked (owner, key)
      JOIN idempotency_keys k ON k.owner = asked.owner AND k.key = asked.key`,
    values: [keys.map(({ owner }) => owner), keys.map(({ key }) => key)],
  });
  return rows.map(usedKeyOf);
}

/** Removes these keys, as far as they are expired, so that they can stand for new requests. */
export async function removeExpiredOf(client: pg.ClientBase, keys: readonly IdempotencyKey[]): Promise<void> {
  await client.query({
    name: 'remove-expired-of',
    text: `
      DELETE FROM idempotency_keys k
      USING unnest($1::text[], $2::text[]) AS asked (owner, key)
      WHERE k.owner = asked.owner AND k.key = asked.key AND k.expires_at <= clock_timestamp()`,
    values: [keys.map(({ owner }) => owner), keys.map(({ key }) => key)],
  });
}

export class IdempotencyKeys {
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Which of these keys were decided before, expired ones removed.
   *
   * @throws StoreFailure
   */
  async findLive(keys: readonly IdempotencyKey[]): Promise<UsedKey[]> {
    return this.replication.commit(this.pool, async (client) => {
      await removeExpiredOf(client, keys);
      return findKeys(client, keys);
    });
  }

  /**
   * Removes up to `limit` expired keys. Rows that somebody holds are skipped, so the table is never held up.
   *
   * @returns how many were removed
   */
  async removeExpired(limit: number): Promise<number> {
    // now(), not clock_timestamp(): only what stays the same during a statement can be looked up in the index.
    const [, removed] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM idempotency_keys
         WHERE expires_at <= now()
         LIMIT $1 FOR UPDATE SKIP LOCKED))`,
      [limit],
    );
    return removed;
  }
}
