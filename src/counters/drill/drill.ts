import { setTimeout as sleep } from 'node:timers/promises';
import { SECOND_MS } from '../../domain/time.js';
import { DrillLoad, type ReadSample } from './drill-load.js';
import { DrillFailed, type DrilledService } from './drilled-service.js';

export interface DrillOptions {
  /** Counters of the deployment that are compared, at most; they are only read. */
  readonly sample: number;
  /** How long the load runs before the flush, and again once the cache is warm, milliseconds. */
  readonly phaseMs: number;
  /** The operator flushes by hand; else this service's own entries are removed by the admin call. */
  readonly waitForFlush: boolean;
  /** Ends it before its end. */
  readonly signal?: AbortSignal;
}

/** Latencies of reads in one phase. */
export interface Phase {
  readonly reads: number;
  /** Milliseconds; null where nothing was read. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly unanswered: number;
}

export interface DrillReport {
  readonly passed: boolean;
  /** Entries that the admin call removed; null: the operator flushed. */
  readonly removed: number | null;
  readonly compared: number;
  /** A sentence for each counter that was read wrong; nothing else may be in here. */
  readonly wrong: readonly string[];
  /** From the flush until every compared counter was served from the cache again; null: not within a minute. */
  readonly warmAfterMs: number | null;
  readonly before: Phase;
  readonly during: Phase;
  readonly after: Phase;
  /** Reads of this drill that Postgres had to answer, in the worst second. */
  readonly peakPostgresReads: number;
  readonly increments: number;
}

/** Not warm by then is not recovered. */
const WARM_LIMIT_MS = 60_000;

/** An operator finds the command within this time. */
const FLUSH_LIMIT_MS = 300_000;

/** Reads of the sample at the same time; enough to see it warm up, too few to be a load. */
const PARALLEL = 8;

const LOOK_MS = 20;
const PAGE = 1_000;

/** Reads of one counter until no write comes between them. */
const COMPARE_TRIES = 5;

/** What happens when the cache is lost, shown on a running deployment: nothing is wrong, and how long it is slower. */
export class Drill {
  private readonly load: DrillLoad;
  /** Reads of the sample that Postgres answered. */
  private readonly misses: number[] = [];

  /** @param say tells the operator how far it is */
  constructor(
    private readonly calls: DrilledService,
    private readonly options: DrillOptions,
    private readonly say: (line: string) => void,
  ) {
    this.load = new DrillLoad(calls);
  }

  /** @throws DrillFailed, and whatever the service throws that cannot be reached, or refuses */
  async run(): Promise<DrillReport> {
    const names = await this.sample();
    this.say(`comparing ${names.length} counters; light load on counters of its own, removed afterwards`);
    this.load.start();
    try {
      await this.warm(names, performance.now());
      const beganMs = performance.now();
      await this.pause(this.options.phaseMs);
      const { removed, flushedMs } = await this.flush();
      const warmMs = await this.warm(names, flushedMs);
      const warmAtMs = performance.now();
      this.say(warmMs === null ? 'the cache did not become warm' : `warm after ${(warmMs / 1000).toFixed(2)} s`);
      await this.pause(this.options.phaseMs);
      const endMs = performance.now();
      await this.load.stop();
      const wrong = [...(await this.compareAll(names)), ...(await this.load.faults())];
      const phase = (fromMs: number, toMs: number): Phase => phaseOf(this.load.reads, fromMs, toMs);
      return {
        passed: wrong.length === 0 && warmMs !== null,
        removed,
        compared: names.length,
        wrong,
        warmAfterMs: warmMs,
        before: phase(beganMs, flushedMs),
        during: phase(flushedMs, warmAtMs),
        after: phase(warmAtMs, endMs),
        peakPostgresReads: this.peak(flushedMs, endMs),
        increments: this.load.increments,
      };
    } finally {
      await this.load.stop();
      await this.load.remove();
    }
  }

  private async pause(ms: number): Promise<void> {
    const { signal } = this.options;
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  }

  private async sample(): Promise<string[]> {
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await this.calls.list(Math.min(PAGE, this.options.sample), cursor);
      names.push(...page.data.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== null && names.length < this.options.sample);
    return names.slice(0, this.options.sample);
  }

  private async flush(): Promise<{ removed: number | null; flushedMs: number }> {
    if (!this.options.waitForFlush) {
      const flushedMs = performance.now();
      const removed = await this.calls.flush();
      this.say(`flushed: ${removed} entries of this service removed`);
      return { removed, flushedMs };
    }
    this.say('flush Redis now, in whatever way you want to try; waiting for the first read that misses');
    const beganMs = performance.now();
    for (;;) {
      const missed = this.load.reads.findLast(({ from }) => from === 'postgres');
      if (missed !== undefined && missed.atMs > beganMs) return { removed: null, flushedMs: missed.atMs };
      if (performance.now() - beganMs > FLUSH_LIMIT_MS)
        throw new DrillFailed('nobody flushed within five minutes', false);
      await this.pause(LOOK_MS);
    }
  }

  /**
   * Reads the sample until all of it comes from the cache.
   *
   * @returns milliseconds since `sinceMs`; null: not within a minute
   */
  private async warm(names: readonly string[], sinceMs: number): Promise<number | null> {
    let cold = [...names];
    const deadlineMs = sinceMs + WARM_LIMIT_MS;
    while (performance.now() < deadlineMs) {
      const hits = await this.each(cold, async (name) => {
        const reading = await this.calls.read(name);
        const isHit = reading.kind !== 'unanswered' && reading.from === 'cache';
        if (!isHit) this.misses.push(performance.now());
        // One that was deleted meanwhile is out of the comparison.
        return isHit || reading.kind === 'absent';
      });
      cold = cold.filter((_, index) => hits[index] !== true);
      if (cold.length === 0 && this.loadIsWarm()) return performance.now() - sinceMs;
      await this.pause(LOOK_MS);
    }
    return null;
  }

  /** Whether the counters under load are served from the cache too: its last reads all were. */
  private loadIsWarm(): boolean {
    const last = this.load.reads.slice(-PARALLEL);
    return last.length === PARALLEL && last.every(({ from }) => from === 'cache');
  }

  private async compareAll(names: readonly string[]): Promise<string[]> {
    const faults = await this.each(names, (name) => this.compare(name));
    return faults.filter((fault) => fault !== null);
  }

  /** What the cache shows must lie between two readings of the truth, one before it and one after. */
  private async compare(name: string): Promise<string | null> {
    for (let attempt = 1; attempt <= COMPARE_TRIES; attempt += 1) {
      const before = await this.calls.read(name, 'strong');
      const cached = await this.calls.read(name);
      const after = await this.calls.read(name, 'strong');
      if (before.kind !== 'counter' || cached.kind !== 'counter' || after.kind !== 'counter') {
        if ([before, cached, after].every(({ kind }) => kind === 'absent')) return null;
        continue;
      }
      const { version, value } = cached;
      if (version < before.version || version > after.version) {
        return `${name} is read as version ${version}, and is between ${before.version} and ${after.version}`;
      }
      const same = [before, after].find((truth) => truth.version === version);
      if (same === undefined) continue;
      return same.value === value ? null : `${name} is read as ${value}, and is ${same.value}`;
    }
    // It is written faster than it can be read three times, or not answered: nothing is known against it.
    return null;
  }

  private async each<T>(names: readonly string[], work: (name: string) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < names.length; index = next++) results[index] = await work(names[index] ?? '');
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    return results;
  }

  private peak(fromMs: number, toMs: number): number {
    const fromLoad = this.load.reads.filter(({ from }) => from === 'postgres').map(({ atMs }) => atMs);
    const seconds = new Map<number, number>();
    for (const atMs of [...this.misses, ...fromLoad].filter((ms) => ms >= fromMs && ms < toMs)) {
      const second = Math.floor((atMs - fromMs) / SECOND_MS);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    }
    return Math.max(0, ...seconds.values());
  }
}

function phaseOf(reads: readonly ReadSample[], fromMs: number, toMs: number): Phase {
  const within = reads.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const answered = within.filter(({ from }) => from !== 'nobody');
  const sorted = answered.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number): number | null => sorted[Math.floor(sorted.length * share)] ?? null;
  return { reads: within.length, p50Ms: at(0.5), p99Ms: at(0.99), unanswered: within.length - answered.length };
}
