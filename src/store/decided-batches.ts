import type pg from 'pg';
import { isCounter, type Truth } from '../domain/counter.js';
import type { IdempotencyKey } from '../domain/operation.js';
import { COUNTER_COLUMNS, type CounterRow, truthOf } from './counter-row.js';
import { failureOf, StoreFailure } from './failure.js';
import { anyBucket, countingNames, namesCreatedBy } from './names-created.js';
import { findKeys, type KeptKey, keptKeyColumns, removeExpiredOf, type UsedKey } from './idempotency-keys.js';
import { LOGGED, type Replication } from './replication.js';
import { utc } from './utc.js';
import type { Writability } from './writability.js';
import { FLOOR } from './version-floor.js';

/** Writes that are decided one by one, in order of arrival, under the locks of their rows. */
export interface DecidedBatch {
  /** A random UUID. Sending the same batch twice applies it once. */
  readonly id: string;
  /** Each counter once. */
  readonly names: readonly string[];
  readonly keys: readonly IdempotencyKey[];
  readonly keyTtlHours: number;
  /** The ids of API keys on whose account names may be brought into being. */
  readonly creators: readonly string[];
}

/** What the rules see: the locked truths, the keys that were used before, and the database's clock. */
export interface Locked {
  readonly truths: ReadonlyMap<string, Truth>;
  /** The names that were never there. */
  readonly unknown: ReadonlySet<string>;
  /** How many names each of the creators has brought into being; left out: none. */
  readonly namesCreated: ReadonlyMap<string, number>;
  readonly used: readonly UsedKey[];
  /** RFC 3339, taken after the locks. */
  readonly now: string;
}

/** What the rules made of it. */
export interface Decisions<Verdict> {
  /** The counters to write, as they are after the batch. */
  readonly changed: readonly Truth[];
  /** On whose account names were brought into being, by the id of the API key; left out: on nobody's. */
  readonly creators: ReadonlyMap<string, string>;
  readonly kept: readonly KeptKey[];
  /** What to answer, as plain data: stored with the batch for the case that the answer to the commit is lost. */
  readonly verdicts: readonly Verdict[];
}

export class DecidedBatches {
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
    private readonly writability: Writability,
  ) {}

  /**
   * Locks the rows, lets `decide` decide, writes and commits: one transaction. May be called again with the same batch
   * after any failure; a `conflict` means that somebody created a counter or used a key meanwhile.
   *
   * @returns the verdicts, in the order `decide` gave them
   * @throws StoreFailure
   */
  async run<Verdict>(batch: DecidedBatch, decide: (locked: Locked) => Decisions<Verdict>): Promise<readonly Verdict[]> {
    return this.writability.watch(() =>
      this.replication.commit(this.pool, async (client) => {
        await client.query('BEGIN');
        try {
          const locked = await lock(client, batch);
          const earlier = await storedVerdicts<Verdict>(client, batch.id);
          if (earlier !== null) {
            // Its own wait for the standby may have been cut short.
            await commit(client);
            return earlier;
          }
          // Expired ones first: the insert below must not meet them.
          if (batch.keys.length > 0) await removeExpiredOf(client, batch.keys);
          const used = batch.keys.length > 0 ? await findKeys(client, batch.keys) : [];
          const decisions = decide({ ...locked, used });
          if (decisions.changed.length > 0 || decisions.kept.length > 0) await write(client, batch, decisions, locked);
          await commit(client);
          return decisions.verdicts;
        } catch (error) {
          const failure = failureOf(error);
          // Where the fate is unknown the connection is destroyed, which ends its transaction too.
          if (failure.fate !== 'unknown') await client.query('ROLLBACK');
          throw failure;
        }
      }),
    );
  }
}

/** A statement of its own: under READ COMMITTED the next one sees what the lock waited for. */
async function lock(client: pg.PoolClient, { names, creators }: DecidedBatch): Promise<Omit<Locked, 'used'>> {
  const { rows } = await client.query<CounterRow>({
    name: 'lock-counters',
    text: `SELECT ${COUNTER_COLUMNS} FROM counters WHERE name = ANY($1::text[]) ORDER BY name FOR UPDATE`,
    values: [names],
  });
  const clock = await client.query<{ now: string; floor: number; created: Record<string, number> | null }>({
    name: 'clock-floor-and-sums',
    text: `SELECT ${utc('clock_timestamp()')} AS now, ${FLOOR}::float8 AS floor, ${namesCreatedBy('$1')} AS created`,
    values: [creators],
  });
  const [present] = clock.rows;
  if (present === undefined) throw new Error('a clock has one time');
  const found = new Map(rows.map((row) => [row.name, truthOf(row)]));
  // Read after the locks: what had no row then, and whatever it was before, is absent at this version or a lower one.
  const version = present.floor;
  const truths = new Map(names.map((name) => [name, found.get(name) ?? { name, value: null, version }]));
  return {
    truths,
    unknown: new Set(names.filter((name) => !found.has(name))),
    namesCreated: new Map(Object.entries(present.created ?? {})),
    now: present.now,
  };
}

async function storedVerdicts<Verdict>(client: pg.PoolClient, id: string): Promise<readonly Verdict[] | null> {
  const { rows } = await client.query<{ verdicts: Verdict[] }>({
    name: 'stored-verdicts',
    text: `SELECT verdicts, ${LOGGED} AS logged FROM batches WHERE id = $1`,
    values: [id],
  });
  return rows[0]?.verdicts ?? null;
}

/**
 * $1 to $8: the counters, of which `is_new` ones had no row to lock: a plain INSERT fails where somebody else was
 * faster. $9 to $20: the keys; $21 hours; $22 id, $23 verdicts, $24 creators of what is new,
 * $25 a bucket.
 */
const WRITE = `
  WITH changed AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[],
                         $7::timestamptz[], $8::boolean[])
      AS changed (name, value, version, min, max, created_at, updated_at, is_new)
  ),
  updated AS (
    UPDATE counters c SET
      value = coalesce(n.value, 0), version = n.version, min = n.min, max = n.max, deleted = n.value IS NULL,
      created_at = coalesce(n.created_at, c.created_at), updated_at = n.updated_at
    FROM changed n WHERE c.name = n.name AND NOT n.is_new
  ),
  created AS (
    -- A name may be new and deleted at once: an import brings deletions along, so that versions go on.
    INSERT INTO counters (name, value, version, min, max, deleted, created_at, updated_at)
    SELECT name, coalesce(value, 0), version, min, max, value IS NULL, coalesce(created_at, updated_at), updated_at
    FROM changed WHERE is_new ORDER BY name COLLATE "C"
    RETURNING 1
  ),
  kept AS (
    INSERT INTO idempotency_keys (owner, key, fingerprint, created, value, version, min, max, created_at, updated_at,
                                  previous, refusal, expires_at)
    SELECT k.*, clock_timestamp() + make_interval(hours => $21::int)
    FROM unnest($9::text[], $10::text[], $11::uuid[], $12::boolean[], $13::bigint[], $14::bigint[], $15::bigint[],
                $16::bigint[], $17::timestamptz[], $18::timestamptz[], $19::bigint[], $20::jsonb[])
      AS k (owner, key, fingerprint, created, value, version, min, max, created_at, updated_at, previous, refusal)
    ORDER BY k.owner, k.key
    RETURNING 1
  ),
  counted AS (${countingNames(
    `(
      SELECT key_id FROM unnest($24::text[]) AS creator (key_id)
      WHERE (SELECT count(*) FROM created) + (SELECT count(*) FROM kept) > 0
    ) AS created`,
    '$25',
  )})
  INSERT INTO batches (id, names, "values", versions, created_ats, updated_ats, verdicts)
  VALUES ($22, $1::text[], $2::bigint[], $3::bigint[], $6::timestamptz[], $7::timestamptz[], $23)`;

async function write(
  client: pg.PoolClient,
  batch: DecidedBatch,
  { changed, creators, kept, verdicts }: Decisions<unknown>,
  { unknown, now }: Omit<Locked, 'used'>,
): Promise<void> {
  const counters = changed.map((truth) => (isCounter(truth) ? truth : null));
  await client.query({
    name: 'write-decisions',
    text: WRITE,
    values: [
      changed.map(({ name }) => name),
      changed.map(({ value }) => value),
      changed.map(({ version }) => version),
      counters.map((counter) => counter?.min ?? null),
      counters.map((counter) => counter?.max ?? null),
      counters.map((counter) => counter?.createdAt ?? null),
      counters.map((counter) => counter?.updatedAt ?? now),
      changed.map(({ name }) => unknown.has(name)),
      ...keptKeyColumns(kept),
      batch.keyTtlHours,
      batch.id,
      JSON.stringify(verdicts),
      changed.map(({ name }) => creators.get(name) ?? null),
      anyBucket(),
    ],
  });
}

async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('COMMIT');
  // COMMIT of a failed transaction succeeds, as a rollback.
  if (command !== 'COMMIT') throw new StoreFailure('rolled_back', new Error(`COMMIT was answered ${command}`));
}
