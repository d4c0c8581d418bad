import type pg from 'pg';
import type { Truth } from '../counters/counter.js';
import { COUNTER_COLUMNS, type CounterRow, truthOf } from './counter-row.js';
import { StoreFailure, withClient } from './failure.js';

/** Names in one SELECT: large enough to keep up with a storm of misses, small enough to answer within milliseconds. */
const MAX_NAMES = 500;

/** Readers waiting for a SELECT; beyond it they are refused, since they could not be answered in time. */
const MAX_WAITING = 20_000;

/** A truth, and when the statement that produced it was sent (milliseconds of the monotonic clock). */
export interface ReadTruth {
  readonly truth: Truth;
  readonly sentAtMs: number;
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

  constructor(
    private readonly pool: pg.Pool,
    private readonly connections: number,
  ) {}

  /**
   * The truth of a name, from a statement that begins after the call.
   *
   * @throws StoreFailure
   */
  async read(name: string): Promise<ReadTruth> {
    if (this.waiting.length >= MAX_WAITING) throw tooMany();
    const answer = new Promise<ReadTruth>((resolve, reject) => this.waiting.push({ name, resolve, reject }));
    // Readers of the same turn of the event loop go together.
    setImmediate(() => void this.work());
    return answer;
  }

  /**
   * The truths of up to 500 names, in no order; absences are included.
   *
   * @throws StoreFailure
   */
  async readMany(names: readonly string[]): Promise<Truth[]> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<CounterRow>({
        name: 'read-counters',
        text: `SELECT ${COUNTER_COLUMNS} FROM counters WHERE name = ANY($1::text[])`,
        values: [names],
      }),
    );
    const found = new Map(rows.map((row) => [row.name, truthOf(row)]));
    return names.map((name) => found.get(name) ?? { name, value: null, version: 0 });
  }

  private async work(): Promise<void> {
    if (this.running >= this.connections) return;
    this.running += 1;
    try {
      while (this.waiting.length > 0) await this.answer(this.waiting.splice(0, MAX_NAMES));
    } finally {
      this.running -= 1;
    }
  }

  private async answer(readers: Waiting[]): Promise<void> {
    const sentAtMs = performance.now();
    try {
      const truths = await this.readMany([...new Set(readers.map(({ name }) => name))]);
      const byName = new Map(truths.map((truth) => [truth.name, truth]));
      for (const { name, resolve } of readers) {
        resolve({ truth: byName.get(name) ?? { name, value: null, version: 0 }, sentAtMs });
      }
    } catch (error) {
      for (const { reject } of readers) reject(error as Error);
    }
  }
}

function tooMany(): StoreFailure {
  return new StoreFailure('not_sent', new Error('too many reads are waiting for Postgres'));
}
