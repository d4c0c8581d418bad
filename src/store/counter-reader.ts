import type pg from 'pg';
import type { Buckets } from '../domain/bucket.js';
import type { Truth } from '../domain/counter.js';
import { Unavailable } from '../domain/errors.js';
import { NAMES_IN_STEP } from '../domain/steps.js';
import { absentColumns, COUNTER_COLUMNS, type CounterRow, isOver, truthOf } from './counter-row.js';
import type { ExpiredCounters } from './expired-counters.js';
import { withReader } from './clients.js';
import { StoreFailure } from './failure.js';
import type { ReadBudget } from './read-budget.js';
import type { Replication } from './replication.js';
import type { StatementTimes } from './statement-times.js';
import { utc } from './utc.js';
import { FLOOR } from './version-floor.js';

/** Neither names nor the JSON of counters hold these. */
const NO_LINE = /[\0\n]/;

/** No counter has this name: the row of all names that have none. */
const UNKNOWN = '';

/** The row of what has no row brings the clock, too. */
const reading = (found: string): string => `
  SELECT ${COUNTER_COLUMNS}, NULL AS clock FROM ${found}
  UNION ALL
  SELECT ${absentColumns(`'${UNKNOWN}'`, 'floor')}, ${utc('clock_timestamp()')} FROM version_floor`;

/** $1 names. Where they are all in one bucket, a join would only be more to do. */
const READ = reading('counters WHERE name = ANY($1::text[])');

/** $1 names, $2 their buckets. */
const READ_DIVIDED = reading(`unnest($1::text[], $2::smallint[]) AS asked (asked_name, asked_bucket)
  JOIN counters ON bucket = asked_bucket AND name = asked_name`);

/**
 * $1 names and $2 what is said of them, a line each, and $3 their buckets (null: there is one); counters are written as by
 * counterJson(). A name without a row may be said to be absent at any version up to the floor, which was lower before.
 */
const UNLIKE = `
  SELECT said.place::int - 1 AS place
  FROM unnest(string_to_array($1, E'\\n'), string_to_array($2, E'\\n'), $3::smallint[])
    WITH ORDINALITY AS said (name, body, bucket, place)
  LEFT JOIN counters AS c ON c.bucket = coalesce(said.bucket, 0) AND c.name = said.name
  WHERE CASE
    WHEN c.name IS NULL AND said.body ~ '^\\d{1,16} $' THEN trim(said.body)::bigint > ${FLOOR}
    WHEN c.name IS NULL THEN true
    WHEN c.deleted THEN said.body <> c.version || ' '
    ELSE said.body <> c.version || ' {"name":' || to_json(c.name) || ',"value":' || c.value || ',"version":' || c.version
      || ',"min":' || coalesce(c.min::text, 'null') || ',"max":' || coalesce(c.max::text, 'null')
      || ',"expiresAt":' || coalesce('"' || ${utc('c.expires_at')} || '"', 'null')
      || ',"createdAt":"' || ${utc('c.created_at')} || '","updatedAt":"' || ${utc('c.updated_at')} || '"}'
  END`;

/** Times that what has ended is looked for again; somebody renews it each time until the clock is past it again. */
const MAX_LOOKS = 5;

/** A truth, and when it was read. */
export interface ReadTruth {
  readonly truth: Truth;
  readonly times: StatementTimes;
}

/** Truths, and when the first of the statements that read them was sent. */
export interface ReadTruths {
  readonly truths: readonly Truth[];
  readonly times: StatementTimes;
}

interface ReadRow extends CounterRow {
  readonly clock: string | null;
}

interface Waiting {
  readonly name: string;
  readonly resolve: (read: ReadTruth) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reads the truth. Readers that come while every connection is busy share the next SELECT, which begins after all of
 * them came: that is what a fill of the cache, and a strong read, need.
 */
export class CounterReader {
  private waiting: Waiting[] = [];
  private running = 0;
  /** Names of those that wait for a statement of their own. */
  private waitingInBulk = 0;

  /** Names whose reading was refused, since too many were waiting. */
  refused = 0;

  constructor(
    private readonly pool: pg.Pool,
    private readonly connections: number,
    private readonly replication: Replication,
    private readonly expired: Pick<ExpiredCounters, 'end'>,
    private readonly budget: ReadBudget,
    private readonly buckets: Buckets,
  ) {}

  /** Names that wait to be read. */
  get waitingNames(): number {
    return this.waiting.length + this.waitingInBulk;
  }

  /** Names that may wait at once; one more is refused. */
  get mostWaiting(): number {
    return this.budget.mostWaiting;
  }

  /** Names that could be read at once without anybody having to wait for it; below 0: some wait. */
  get spareNames(): number {
    return this.budget.spare;
  }

  /**
   * The truth of a name, from a statement that begins after the call.
   *
   * @throws StoreFailure, Unavailable where too many are waiting
   */
  async read(name: string): Promise<ReadTruth> {
    this.admit(1);
    const answer = new Promise<ReadTruth>((resolve, reject) => this.waiting.push({ name, resolve, reject }));
    // Readers of the same turn of the event loop go together.
    setImmediate(() => void this.work());
    return answer;
  }

  /**
   * The truths of up to 500 names, in their order; absences are included. A counter whose time is over is told as absent
   * only once that is written down: whoever renews it at the same time would give the same version another meaning.
   *
   * @throws StoreFailure, Unavailable where too many are waiting
   */
  async readMany(names: readonly string[]): Promise<ReadTruths> {
    this.admit(names.length);
    this.waitingInBulk += names.length;
    return this.budget.turn(() => {
      this.waitingInBulk -= names.length;
      return this.readNow(names);
    });
  }

  /** Whoever asks for more at once than may wait comes alone. */
  private admit(names: number): void {
    const { waitingNames } = this;
    if (waitingNames === 0 || waitingNames + names <= this.budget.mostWaiting) return;
    this.refused += names;
    throw new Unavailable('More is to be read from Postgres than it is given at once.');
  }

  private async readNow(names: readonly string[]): Promise<ReadTruths> {
    this.budget.pay(names.length);
    const sentAtMs = performance.now();
    const found = new Map<string, Truth>();
    let clock = '';
    let asked: readonly string[] = names;
    for (let look = 1; asked.length > 0 || look === 1; look += 1) {
      const rows = await this.look(asked);
      const floor = rows.find(({ name }) => name === UNKNOWN);
      clock = floor?.clock ?? '';
      for (const name of asked) found.set(name, { name, value: null, version: Number(floor?.version) });
      for (const row of rows) found.set(row.name, truthOf(row));
      asked = rows.filter((row) => isOver(row, clock)).map(({ name }) => name);
      if (asked.length === 0) break;
      if (look === MAX_LOOKS) throw new StoreFailure('not_sent', new Error('counters end again and again'));
      await this.expired.end(asked);
    }
    await this.replication.confirm();
    return { truths: names.flatMap((name) => found.get(name) ?? []), times: { sentAtMs, clock } };
  }

  private async look(names: readonly string[]): Promise<readonly ReadRow[]> {
    // No text of Postgres holds a NUL, so no counter has such a name, whatever somebody put into the cache.
    const asked = names.filter((name) => !name.includes('\0'));
    const buckets = this.bucketsOf(asked);
    const { rows } = await withReader(this.pool, (client) =>
      client.query<ReadRow>({
        name: 'read-counters',
        ...(buckets === null ? { text: READ, values: [asked] } : { text: READ_DIVIDED, values: [asked, buckets] }),
      }),
    );
    return rows;
  }

  /**
   * Which of up to 500 names hold something else than is said of them. Postgres compares: to bring rows here, only to
   * find them as they should be, is most of what a look at a cache that is right costs.
   *
   * @param said of each name: its version, a space and its JSON; nothing behind the space where there is no counter
   * @returns the places of those names
   */
  async unlike(names: readonly string[], said: readonly string[]): Promise<number[]> {
    const isLine = (text: string): boolean => !NO_LINE.test(text);
    const { rows } = await withReader(this.pool, (client) =>
      client.query<{ place: number }>({
        name: 'unlike-counters',
        text: UNLIKE,
        // Far cheaper to write and to read than arrays. What is no line is like no counter, and sent as nothing.
        values: [
          ...[names, said].map((texts) => texts.map((text) => (isLine(text) ? text : '')).join('\n')),
          this.bucketsOf(names),
        ],
      }),
    );
    return rows.map(({ place }) => place);
  }

  /** As an array that Postgres reads, which is far cheaper to write than one of ours; null: there is only one. */
  private bucketsOf(names: readonly string[]): string | null {
    return this.buckets.count === 1 ? null : `{${this.buckets.ofEach(names).join()}}`;
  }

  private async work(): Promise<void> {
    if (this.running >= this.connections) return;
    this.running += 1;
    try {
      while (this.waiting.length > 0) {
        // Meanwhile more come, and go together.
        await this.budget.turn(() => this.answer(this.waiting.splice(0, NAMES_IN_STEP)));
      }
    } finally {
      this.running -= 1;
    }
  }

  private async answer(readers: Waiting[]): Promise<void> {
    // While it waited for its turn, another connection took them.
    if (readers.length === 0) return;
    try {
      const { truths, times } = await this.readNow([...new Set(readers.map(({ name }) => name))]);
      const byName = new Map(truths.map((truth) => [truth.name, truth]));
      for (const { name, resolve, reject } of readers) {
        const truth = byName.get(name);
        if (truth === undefined) reject(new Error('a name was not read'));
        else resolve({ truth, times });
      }
    } catch (error) {
      for (const { reject } of readers) reject(error as Error);
    }
  }
}
