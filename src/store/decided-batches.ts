import type pg from 'pg';
import { type Absence, isCounter, type Truth } from '../domain/counter.js';
import type { Deed } from '../domain/deed.js';
import { grouped } from '../domain/grouped.js';
import type { Buckets } from '../domain/bucket.js';
import { HELD_NAMES } from './advisory-locks.js';
import { deedArrays, insertDeeds } from './audit-log.js';
import {
  COUNTER_COLUMNS,
  isOver,
  type CounterRow,
  rowOf,
  STATE,
  STATE_WIDTH,
  stateArrays,
  stateParameters,
  STATES,
  truthAt,
} from './counter-row.js';
import { failureOf, StoreFailure } from './failure.js';
import { anyRow, countingNames, namesCreatedBy } from './names-created.js';
import {
  type AskedKey,
  findKeys,
  KEPT_KEY_COLUMNS,
  KEPT_KEY_WIDTH,
  type KeptKey,
  keptKeyArrays,
  keptKeyParameters,
  removeExpiredOf,
  type UsedKey,
} from './idempotency-keys.js';
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
  /** Those of them that must stay absent where they are, until the commit, for all who say so. */
  readonly held: readonly string[];
  readonly keys: readonly AskedKey[];
  readonly keyTtlHours: number;
  /** The ids of API keys on whose account names may be brought into being. */
  readonly creators: readonly string[];
}

/** What the rules see: the locked truths, the keys that were used before, and the database's clock. */
export interface Locked {
  readonly truths: ReadonlyMap<string, Truth>;
  /** Those of them whose time is over; it is written down with the batch, whatever is decided. */
  readonly ended: readonly Absence[];
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
  /** What is to be written down of what was done. */
  readonly deeds: readonly Deed[];
  /** What to answer, as plain data: stored with the batch for the case that the answer to the commit is lost. */
  readonly verdicts: readonly Verdict[];
}

/** What a batch came to. */
export interface Decided<Verdict> {
  /** In the order in which they were given. */
  readonly verdicts: readonly Verdict[];
  /** Counters whose end was written down with it. */
  readonly ended: readonly Absence[];
  /** What the database's clock said behind the locks, RFC 3339. */
  readonly clock: string;
}

/** What is read and written beside counters and keys, in the same transaction. */
export interface Beside<Verdict> {
  /** Before any row of a counter is locked. */
  readonly lock: (client: pg.PoolClient) => Promise<void>;
  /** Behind everything else; not where the batch was committed before. */
  readonly write: (client: pg.PoolClient, decisions: Decisions<Verdict>) => Promise<void>;
}

export class DecidedBatches {
  constructor(
    private readonly pool: pg.Pool,
    private readonly replication: Replication,
    private readonly writability: Writability,
    private readonly buckets: Buckets,
  ) {}

  /**
   * Locks the rows, lets `decide` decide, writes and commits: one transaction. May be called again with the same batch
   * after any failure; a `conflict` means that somebody created a counter or used a key meanwhile.
   */
  async run<Verdict>(
    batch: DecidedBatch,
    decide: (locked: Locked) => Decisions<Verdict>,
    beside?: Beside<Verdict>,
  ): Promise<Decided<Verdict>> {
    return this.writability.watch(() =>
      this.replication.commit(this.pool, async (client) => {
        await client.query('BEGIN');
        try {
          await beside?.lock(client);
          const locked = await lock(client, this.buckets, batch);
          const earlier = await storedVerdicts<Verdict>(client, this.homeOf(batch), batch.id);
          if (earlier !== null) {
            // Its own wait for the standby may have been cut short.
            await commit(client);
            return { verdicts: earlier, ended: [], clock: locked.now };
          }
          // Expired ones first: the insert below must not meet them.
          if (batch.keys.length > 0) await removeExpiredOf(client, this.buckets, batch.keys);
          const used = batch.keys.length > 0 ? await findKeys(client, this.buckets, batch.keys) : [];
          const decisions = decide({ ...locked, used });
          const changed = withEnded(decisions.changed, locked.ended);
          if (changed.length > 0 || decisions.kept.length > 0)
            await this.write(client, batch, { ...decisions, changed }, locked);
          await beside?.write(client, decisions);
          await commit(client);
          return { verdicts: decisions.verdicts, ended: locked.ended, clock: locked.now };
        } catch (error) {
          const failure = failureOf(error);
          // Where the fate is unknown the connection is destroyed, which ends its transaction too.
          if (failure.fate !== 'unknown') await client.query('ROLLBACK');
          throw failure;
        }
      }),
    );
  }

  /** Where the verdicts of a batch are: in the bucket of its first counter, whatever comes of that. */
  private homeOf({ names: [first] }: DecidedBatch): number {
    return first === undefined ? 0 : this.buckets.of(first);
  }

  /**
   * A part for each bucket that is concerned, in their order, with a row of `batches` in each. So of two transactions that
   * create the same names neither waits for the other's while that one waits for it; names are counted behind all of them.
   */
  private async write(
    client: pg.PoolClient,
    batch: DecidedBatch,
    { changed, creators, kept, deeds, verdicts }: Decisions<unknown>,
    { unknown, now }: Omit<Locked, 'used'>,
  ): Promise<void> {
    const home = this.homeOf(batch);
    const changedIn = grouped(changed, ({ name }) => this.buckets.of(name));
    const keptIn = grouped(kept, ({ outcome }) => this.buckets.of(outcome.truth.name));
    const concerned = [...new Set([home, ...changedIn.keys(), ...keptIn.keys()])].sort((a, b) => a - b);
    for (const bucket of concerned) {
      const truths = changedIn.get(bucket) ?? [];
      const isLast = bucket === concerned.at(-1);
      const told = isLast ? deeds : [];
      await client.query({
        ...(told.length === 0 ? WRITE : WRITE_WITH_DEEDS),
        values: [
          truths.map(({ name }) => name),
          truths.map(({ name }) => unknown.has(name)),
          ...stateArrays(truths, now),
          ...keptKeyArrays(keptIn.get(bucket) ?? []),
          batch.keyTtlHours,
          batch.id,
          bucket === home ? JSON.stringify(verdicts) : null,
          isLast ? changed.map(({ name }) => creators.get(name) ?? null) : [],
          anyRow(),
          bucket,
          ...(told.length === 0 ? [] : deedArrays(told)),
        ],
      });
    }
  }
}

/**
 * What is absent has no row to lock: of two transactions that each find absent what the other one creates, both would
 * go through. So whoever rests on it holds the name itself. Before any row, so that nobody who holds a row waits for a
 * name; in one order; and a thousand buckets of names, since Postgres has room for some thousand locks.
 */
const HOLD = `
  SELECT pg_advisory_xact_lock(${HELD_NAMES}, bucket)
  FROM (
    SELECT DISTINCT hashtext(name COLLATE "C") & 1023 AS bucket FROM unnest($1::text[]) AS held (name) ORDER BY bucket
  ) AS buckets`;

/** A statement of its own: under READ COMMITTED the next one sees what the lock waited for. */
async function lock(client: pg.PoolClient, buckets: Buckets, batch: DecidedBatch): Promise<Omit<Locked, 'used'>> {
  const { names, held, creators } = batch;
  if (held.length > 0) await client.query({ name: 'hold-names', text: HOLD, values: [held] });
  const rows: CounterRow[] = [];
  const namesIn = [...grouped(names, (name) => buckets.of(name))].sort(([a], [b]) => a - b);
  for (const [bucket, some] of namesIn) {
    const found = await client.query<CounterRow>({
      name: 'lock-counters',
      text: `SELECT ${COUNTER_COLUMNS} FROM counters
             WHERE bucket = $2 AND name = ANY($1::text[]) ORDER BY name FOR UPDATE`,
      values: [some, bucket],
    });
    rows.push(...found.rows);
  }
  const clock = await client.query<{ now: string; floor: number; created: Record<string, number> | null }>({
    name: 'clock-floor-and-sums',
    text: `SELECT ${utc('clock_timestamp()')} AS now, ${FLOOR}::float8 AS floor, ${namesCreatedBy('$1')} AS created`,
    values: [creators],
  });
  const [present] = clock.rows;
  if (present === undefined) throw new Error('a clock has one time');
  const found = new Map(rows.map((row) => [row.name, truthAt(row, present.now)]));
  // Read after the locks: what had no row then, and whatever it was before, is absent at this version or a lower one.
  const version = present.floor;
  const truths = new Map(names.map((name) => [name, found.get(name) ?? { name, value: null, version }]));
  const over = rows.filter((row) => isOver(row, present.now)).flatMap(({ name }) => truths.get(name) ?? []);
  return {
    truths,
    ended: over.filter((truth) => !isCounter(truth)),
    unknown: new Set(names.filter((name) => !found.has(name))),
    namesCreated: new Map(Object.entries(present.created ?? {})),
    now: present.now,
  };
}

/** What has ended and was not begun anew, too. */
function withEnded(changed: readonly Truth[], ended: readonly Absence[]): readonly Truth[] {
  if (ended.length === 0) return changed;
  const names = new Set(changed.map(({ name }) => name));
  return [...changed, ...ended.filter(({ name }) => !names.has(name))];
}

async function storedVerdicts<V>(client: pg.PoolClient, bucket: number, id: string): Promise<readonly V[] | null> {
  const { rows } = await client.query<{ verdicts: V[] }>({
    name: 'stored-verdicts',
    text: `SELECT verdicts, ${LOGGED} AS logged FROM batches WHERE bucket = $1 AND id = $2`,
    values: [bucket, id],
  });
  return rows[0]?.verdicts ?? null;
}

/** The parameters behind names and what is new: the states, the keys, and six more. */
const FIRST_STATE = 3;
const FIRST_KEY = FIRST_STATE + STATE_WIDTH;
const REST = FIRST_KEY + KEPT_KEY_WIDTH;
const REST_WIDTH = 6;
const [HOURS, ID, VERDICTS, CREATORS, ROW, BUCKET] = [
  `$${REST}`,
  `$${REST + 1}`,
  `$${REST + 2}`,
  `$${REST + 3}`,
  `$${REST + 4}`,
  `$${REST + 5}`,
];

/**
 * $1 names, $2 which of them had no row to lock: a plain INSERT fails where somebody else was faster.
 *
 * @param more another part of the statement
 */
const writeAnd = (more: string): string => `
  WITH changed AS (
    SELECT * FROM unnest($1::text[], $2::boolean[], ${stateParameters(FIRST_STATE)}) AS changed (name, is_new, ${STATE})
  ),
  updated AS (
    UPDATE counters c SET (${STATE}, deleted) = (${rowOf('n')}, n.value IS NULL)
    FROM changed n WHERE c.bucket = ${BUCKET}::smallint AND c.name = n.name AND NOT n.is_new
  ),
  created AS (
    -- A name may be new and deleted at once: an import brings deletions along, so that versions go on.
    INSERT INTO counters (bucket, name, ${STATE}, deleted)
    SELECT ${BUCKET}::smallint, name, ${rowOf('changed')}, value IS NULL
    FROM changed WHERE is_new ORDER BY name COLLATE "C"
    RETURNING 1
  ),
  kept AS (
    INSERT INTO idempotency_keys (${KEPT_KEY_COLUMNS}, expires_at, bucket)
    SELECT ${KEPT_KEY_COLUMNS}, coalesce(until, clock_timestamp() + make_interval(hours => ${HOURS}::int)),
           ${BUCKET}::smallint
    FROM unnest(${keptKeyParameters(FIRST_KEY)}) AS k (${KEPT_KEY_COLUMNS}, until)
    ORDER BY k.owner, k.key
    RETURNING 1
  ),
  counted AS (${countingNames(
    `(
      SELECT key_id FROM unnest(${CREATORS}::text[]) AS creator (key_id)
      WHERE (SELECT count(*) FROM created) + (SELECT count(*) FROM kept) >= 0
    ) AS created`,
    ROW,
  )})${more}
  INSERT INTO batches (bucket, id, names, ${STATES}, verdicts)
  VALUES (${BUCKET}::smallint, ${ID}, $1::text[], ${stateParameters(FIRST_STATE)}, ${VERDICTS})`;

const WRITE = { name: 'write-decisions', text: writeAnd('') };
const WRITE_WITH_DEEDS = {
  name: 'write-decisions-and-deeds',
  text: writeAnd(`,\n  done AS (${insertDeeds(REST + REST_WIDTH)})`),
};

async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('COMMIT');
  // COMMIT of a failed transaction succeeds, as a rollback.
  if (command !== 'COMMIT') throw new StoreFailure('rolled_back', new Error(`COMMIT was answered ${command}`));
}
