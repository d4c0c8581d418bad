import type pg from 'pg';
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
import { withClient } from './clients.js';
import { LOGGED, type Replication } from './replication.js';
import { utc } from './utc.js';

/** A key that was decided before, and for which request. */
export interface UsedKey extends IdempotencyKey {
  readonly fingerprint: string;
  /** Past its time: the row waits for the clean-up, and the key may stand for a new request. */
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

/** What was decided under a key is told behind a commit that waits for the standby, as the first answer was. */
export const USED_KEY_COLUMNS = `k.owner, k.key, k.fingerprint, k.expires_at <= clock_timestamp() AS expired,
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

/** An outcome on its way into a row. */
export interface KeptKey extends IdempotencyKey {
  readonly fingerprint: string;
  readonly outcome: Outcome;
}

/** The columns of kept keys, but for how long they are kept. */
export const KEPT_KEY_COLUMNS = `owner, key, fingerprint, created, ${STATE_IN_KEY}, previous, refusal`;

/** How many there are. */
export const KEPT_KEY_WIDTH = STATE_WIDTH + 6;

/** The parameters from `$first` on for `keptKeyArrays`, in the order of the columns. */
export const keptKeyParameters = (first: number): string => {
  const [owner, key, fingerprint, created, state] = [first, first + 1, first + 2, first + 3, first + 4];
  const [previous, refusal] = [state + STATE_WIDTH, state + STATE_WIDTH + 1];
  return `$${owner}::text[], $${key}::text[], $${fingerprint}::uuid[], $${created}::boolean[],
    ${stateParameters(state)}, $${previous}::bigint[], $${refusal}::jsonb[]`;
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
  /** @param general for what nobody waits for */
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
    private readonly general: pg.Pool,
  ) {}

  /** Which of these keys were decided before, expired ones removed. */
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
    const { rowCount } = await withClient(this.general, (client) =>
      client.query(
        `DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM idempotency_keys
         WHERE expires_at <= now()
         LIMIT $1 FOR UPDATE SKIP LOCKED))`,
        [limit],
      ),
    );
    return rowCount ?? 0;
  }
}
