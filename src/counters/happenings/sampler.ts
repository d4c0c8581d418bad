import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Buckets } from '../../meters/buckets.js';
import { type Sample, Samples, type Times, type Timeline, type Traffic } from '../../store/samples.js';
import { Clock } from '../clock.js';
import { Commits } from '../commits/commits.js';
import { DatabaseClock } from '../database-clock.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { LoopFaults } from '../loop-faults.js';
import { orUnavailable } from '../or-unavailable.js';
import { Tallies } from '../tallies.js';
import { Happenings } from './happenings.js';

/** Short enough to watch a flush by it; a row is some 150 bytes, so a day of an instance is 6 MB. */
const INTERVAL_MS = 2_000;

/** What waits for Postgres to come back: ten minutes. */
const MAX_WAITING = 300;

/** What "of late" means of reads. */
const RECENT_MS = 300_000;

type Taken = Omit<Sample, 'at'> & { readonly atMs: number };

/** Reads of counters by this instance of late. */
export interface RecentReads {
  readonly seconds: number;
  readonly hits: number;
  readonly misses: number;
  readonly bypasses: number;
  /** Null where nothing was read. */
  readonly hitRatio: number | null;
}

/** Leaves a row every two seconds of what this instance did, for the timeline; it counts nothing itself. */
@Injectable()
export class Sampler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly faults = new LoopFaults(new Logger(Sampler.name));
  private timer: NodeJS.Timeout | null = null;
  private before: Numbers;
  private waiting: Taken[] = [];
  private recent: Taken[] = [];
  private writing: Promise<void> | null = null;
  /** Asks all processes; null: there is this one alone. */
  private ask: (() => Promise<RecentReads>) | null = null;

  constructor(
    private readonly samples: Samples,
    private readonly tallies: Tallies,
    private readonly commits: Commits,
    private readonly guard: CacheGuard,
    private readonly happenings: Happenings,
    private readonly clock: Clock,
    private readonly databaseClock: DatabaseClock,
  ) {
    this.before = this.numbers();
  }

  onApplicationBootstrap(): void {
    this.before = this.numbers();
    this.timer = setInterval(() => this.take(), INTERVAL_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.writing;
  }

  /**
   * All instances together.
   *
   * @throws Unavailable
   */
  timeline(seconds: number, stepSeconds: number): Promise<Timeline> {
    return orUnavailable(() => this.samples.timeline(seconds, stepSeconds));
  }

  /** From now on `recentReads` tells of all processes together. */
  readBy(ask: () => Promise<RecentReads>): void {
    this.ask = ask;
  }

  /** What was read in the last five minutes. */
  async recentReads(): Promise<RecentReads> {
    return this.ask === null ? this.ownReads() : this.ask();
  }

  /** What was read by this process in the last five minutes. */
  ownReads(): RecentReads {
    const sum = { hits: 0, misses: 0, bypasses: 0, spanMs: 0 };
    for (const { hits, unverified, misses, bypasses, spanMs } of [...this.recent, this.since()]) {
      sum.hits += hits + unverified;
      sum.misses += misses;
      sum.bypasses += bypasses;
      sum.spanMs += spanMs;
    }
    const { hits, misses, bypasses, spanMs } = sum;
    return withRatio({ seconds: Math.round(spanMs / 1_000), hits, misses, bypasses });
  }

  private take(): void {
    const sample = this.since();
    this.before = this.numbers();
    this.recent = [...this.recent, sample].filter(({ atMs }) => sample.atMs - atMs < RECENT_MS);
    this.waiting = [...this.waiting, sample].slice(-MAX_WAITING);
    this.writing ??= this.write().finally(() => (this.writing = null));
  }

  private async write(): Promise<void> {
    const taken = this.waiting.splice(0);
    try {
      await this.samples.add(
        this.happenings.instance,
        taken.map(({ atMs, ...sample }) => ({ ...sample, at: this.databaseClock.at(atMs) })),
      );
      this.faults.clear();
    } catch (error) {
      this.faults.note(error);
      // What went on while Postgres was away is worth most.
      this.waiting = [...taken, ...this.waiting].slice(-MAX_WAITING);
    }
  }

  private since(): Taken {
    const [now, before] = [this.numbers(), this.before];
    const { atMs } = now;
    return {
      atMs,
      spanMs: Math.max(1, Math.round(atMs - before.atMs)),
      hits: now.hits - before.hits,
      misses: now.misses - before.misses,
      bypasses: now.bypasses - before.bypasses,
      unverified: now.unverified - before.unverified,
      increments: now.increments - before.increments,
      otherWrites: now.otherWrites - before.otherWrites,
      failures: now.failures - before.failures,
      commits: timesBetween(now.commits, before.commits),
      publishes: timesBetween(now.publishes, before.publishes),
      queue: this.commits.queueLength,
      serves: this.guard.isServing,
    };
  }

  private numbers(): Numbers {
    const { reads, writes, failures, increments, decisions, publishes } = this.tallies;
    return {
      atMs: this.clock.monotonicMs(),
      hits: reads.hit,
      misses: reads.miss,
      bypasses: reads.bypass,
      unverified: reads.unverified,
      increments: writes.increment,
      otherWrites: writes.set + writes.reset + writes.delete + writes.expire,
      failures: Object.values(failures).reduce((sum, count) => sum + count, 0),
      commits: together(increments.commits, decisions.commits),
      publishes: together(publishes),
    };
  }
}

/** What several processes read. */
export function readsTogether(all: readonly RecentReads[]): RecentReads {
  const sumOf = (part: 'hits' | 'misses' | 'bypasses'): number => all.reduce((sum, one) => sum + one[part], 0);
  const seconds = Math.max(0, ...all.map((one) => one.seconds));
  return withRatio({ seconds, hits: sumOf('hits'), misses: sumOf('misses'), bypasses: sumOf('bypasses') });
}

function withRatio(reads: Omit<RecentReads, 'hitRatio'>): RecentReads {
  const all = reads.hits + reads.misses + reads.bypasses;
  return { ...reads, hitRatio: all === 0 ? null : reads.hits / all };
}

/** Since this instance began. */
interface Numbers extends Traffic {
  /** By the monotonic clock. */
  readonly atMs: number;
  readonly commits: Spread;
  readonly publishes: Spread;
}

/** Times by their buckets. */
interface Spread {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly seconds: number;
}

function together(...all: readonly [Buckets, ...Buckets[]]): Spread {
  const [{ bounds, counts }] = all;
  return {
    bounds,
    counts: counts.map((_, at) => all.reduce((sum, buckets) => sum + (buckets.counts[at] ?? 0), 0)),
    seconds: all.reduce((sum, buckets) => sum + buckets.sum, 0),
  };
}

function timesBetween(now: Spread, before: Spread): Times {
  const counts = now.counts.map((count, at) => count - (before.counts[at] ?? 0));
  const count = counts.reduce((sum, one) => sum + one, 0);
  const ms = (now.seconds - before.seconds) * 1_000;
  return { count, ms, p99Ms: count === 0 ? null : p99Of(counts, count, now.bounds) * 1_000 };
}

/** The upper bound of the bucket in which it lies; of what is above all bounds the last one. */
function p99Of(counts: readonly number[], count: number, bounds: readonly number[]): number {
  let seen = 0;
  for (const [at, one] of counts.entries()) {
    seen += one;
    if (seen >= count * 0.99) return bounds[at] ?? bounds.at(-1) ?? 0;
  }
  return bounds.at(-1) ?? 0;
}
