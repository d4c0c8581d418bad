/** Keeps what clients did and saw: the history for the checker, and figures by time for the report. */
import type { HistoryEntry, ReadOperation, WriteOperation } from './history.js';
import type { WindowEntry } from './windows.js';

/** Fine enough to see a fault of a few hundred milliseconds. */
export const BUCKET_MS = 500;

/** What happened in one bucket of time. */
export interface Bucket {
  readonly reads: number;
  readonly hits: number;
  readonly unverified: number;
  readonly writes: number;
  readonly failedReads: number;
  readonly failedWrites: number;
  /** Of answered requests, milliseconds. */
  readonly readP50Ms: number | null;
  readonly readP99Ms: number | null;
  readonly writeP50Ms: number | null;
  readonly writeP99Ms: number | null;
}

interface OpenBucket {
  hits: number;
  unverified: number;
  failedReads: number;
  failedWrites: number;
  readonly readMs: number[];
  readonly writeMs: number[];
}

/** How the answers of one kind stood, in one stretch of time. */
export interface Tally {
  readonly answered: number;
  readonly failed: number;
}

export type Failed = 'read' | 'write';

export class Recorder {
  readonly history: HistoryEntry[] = [];
  /** Of counters that end. */
  readonly windows: WindowEntry[] = [];
  /** What no checker of histories can see: answers that break the contract. */
  readonly breaches: string[] = [];
  readonly failures = new Map<string, number>();
  private readonly buckets: OpenBucket[] = [];
  private readonly beginNs = process.hrtime.bigint();
  private readonly beginMs = performance.now();

  get elapsedMs(): number {
    return performance.now() - this.beginMs;
  }

  /** @param tookMs of the request that brought the answer; null: not one request's */
  write(operation: WriteOperation, tookMs: number | null): void {
    this.history.push(operation);
    if (operation.outcome.kind === 'ok' && tookMs !== null) this.bucketAt(operation.endNs).writeMs.push(tookMs);
  }

  read(operation: ReadOperation, source: string): void {
    this.history.push(operation);
    const bucket = this.bucketAt(operation.endNs);
    bucket.readMs.push(Number(operation.endNs - operation.startNs) / 1e6);
    if (source.startsWith('evercount; hit')) bucket.hits += 1;
    if (operation.unverified) bucket.unverified += 1;
  }

  /** A request that was not answered as it should be. */
  failed(what: Failed, why: string): void {
    const bucket = this.bucketAt(process.hrtime.bigint());
    if (what === 'read') bucket.failedReads += 1;
    else bucket.failedWrites += 1;
    const label = `${what}: ${why}`;
    this.failures.set(label, (this.failures.get(label) ?? 0) + 1);
  }

  breach(sentence: string): void {
    this.breaches.push(`${(this.elapsedMs / 1000).toFixed(3)} s: ${sentence}`);
  }

  /** @param fromMs,toMs since the beginning */
  tally(what: Failed, fromMs: number, toMs: number): Tally {
    const slice = this.buckets.slice(Math.floor(fromMs / BUCKET_MS), Math.ceil(toMs / BUCKET_MS));
    const answered = slice.map((bucket) => (what === 'read' ? bucket.readMs : bucket.writeMs).length);
    const failed = slice.map((bucket) => (what === 'read' ? bucket.failedReads : bucket.failedWrites));
    return { answered: sum(answered), failed: sum(failed) };
  }

  /**
   * The longest time between two acknowledged writes, or between one and an end of the stretch.
   *
   * @param fromMs,toMs since the beginning
   */
  longestWithoutWrites(fromMs: number, toMs: number): number {
    const times = this.history
      .filter((entry) => entry.kind === 'write' && entry.outcome.kind === 'ok')
      .map(({ endNs }) => Number(endNs - this.beginNs) / 1e6)
      .filter((ms) => ms > fromMs && ms < toMs)
      .sort((a, b) => a - b);
    return Math.max(...[...times, toMs].map((ms, index) => ms - (times[index - 1] ?? fromMs)));
  }

  timeline(): Bucket[] {
    return Array.from(this.buckets, ({ readMs, writeMs, ...counts }) => ({
      ...counts,
      reads: readMs.length,
      writes: writeMs.length,
      readP50Ms: percentile(readMs, 0.5),
      readP99Ms: percentile(readMs, 0.99),
      writeP50Ms: percentile(writeMs, 0.5),
      writeP99Ms: percentile(writeMs, 0.99),
    }));
  }

  private bucketAt(ns: bigint): OpenBucket {
    const index = Math.floor(Number(ns - this.beginNs) / 1e6 / BUCKET_MS);
    while (this.buckets.length <= index) {
      this.buckets.push({ hits: 0, unverified: 0, failedReads: 0, failedWrites: 0, readMs: [], writeMs: [] });
    }
    const bucket = this.buckets[index];
    if (bucket === undefined) throw new RangeError('before the beginning');
    return bucket;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** @returns null where there is nothing */
export function percentile(numbers: readonly number[], share: number): number | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}
