import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { isCounter, type Truth } from '../../domain/counter.js';
import { NAMES_IN_STEP, stepsOf } from '../../domain/steps.js';
import { Batches } from '../../store/batches.js';
import { CounterPages } from '../../store/counter-pages.js';
import { CacheGuard, type Permit } from '../guard/cache-guard.js';
import { CounterFills } from '../reads/counter-fills.js';
import { Clock } from '../clock.js';

/** How much of the servers a rehydration leaves to others. */
interface Pace {
  /** Rests so many times as long as a step took. */
  readonly rests: number;
  /** Milliseconds, however fast the servers are. */
  readonly shortestRestMs: number;
}

/** Nobody asked for it: readers fill what they need by themselves, and must not wait for this. 20,000 counters a second at most. */
const GENTLE: Pace = { rests: 9, shortestRestMs: 25 };

/** Somebody wants it done: half of the time is left. 50,000 counters a second at most. */
const BRISK: Pace = { rests: 1, shortestRestMs: 10 };

/** A cache that turned cold may have to be named and settled first, or a blind period may have to pass. */
const PERMISSION_PATIENCE_MS = 10_000;
const PERMISSION_POLL_MS = 50;

export interface RehydrateReport {
  /** Counters that the latest batches touched, up to the limit; or those that there are. */
  readonly names: number;
  /** Those of them that had no entry and were given one. */
  readonly filled: number;
  /** Whether all of them were looked at. */
  readonly complete: boolean;
  readonly durationMs: number;
}

export interface RehydrateProgress {
  /** Of all counters, about how many there are. */
  readonly names: number;
  readonly done: number;
  readonly filled: number;
}

export interface RehydrateOptions {
  /** Stop after the step at hand. */
  readonly signal?: AbortSignal;
  /** Called after each step. */
  readonly progress?: (progress: RehydrateProgress) => void;
}

/** Names, step by step, and how many they are altogether. */
interface Wanted {
  readonly names: number;
  readonly steps: Iterable<readonly string[]> | AsyncIterable<readonly string[]>;
}

/** Fills the cache after a flush or a cold start, so that the first reader of a hot counter need not. */
@Injectable()
export class Rehydrator {
  /** Entries that all runs of this instance filled. */
  filled = 0;

  constructor(
    private readonly batches: Batches,
    private readonly pages: CounterPages,
    private readonly fills: CounterFills,
    private readonly guard: CacheGuard,
    private readonly clock: Clock,
  ) {}

  /**
   * Fills what the latest batches touched, latest first. Where entries may not be served it waits for a while, then
   * gives up.
   *
   * @param limit how many counters at most
   * @throws CacheUnavailable, StoreFailure where a server did not answer; what was filled until then stays
   */
  async runOnce(limit: number, options: RehydrateOptions = {}): Promise<RehydrateReport> {
    return this.fill(GENTLE, options, async () => {
      const names = await this.batches.latestNames(limit);
      return { names: names.length, steps: stepsOf(names) };
    });
  }

  /**
   * Fills whatever has no entry, in byte order of the names; those that come meanwhile may be left out. Where entries may
   * not be served it waits for a while, then gives up.
   *
   * @throws CacheUnavailable, StoreFailure where a server did not answer; what was filled until then stays
   */
  async runOnceOverAll(options: RehydrateOptions = {}): Promise<RehydrateReport> {
    return this.fill(BRISK, options, async () => ({ names: await this.pages.estimate(), steps: this.allNames() }));
  }

  private async fill(
    { rests, shortestRestMs }: Pace,
    { signal, progress }: RehydrateOptions,
    look: () => Promise<Wanted>,
  ): Promise<RehydrateReport> {
    const startedAtMs = this.clock.monotonicMs();
    let [done, filled, complete] = [0, 0, false];
    const wanted = (await this.permission(signal)) === null ? null : await look();
    if (wanted !== null) {
      complete = true;
      for await (const names of wanted.steps) {
        const permit = await this.permission(signal);
        if (permit === null) {
          complete = false;
          break;
        }
        const beganAtMs = this.clock.monotonicMs();
        const came = await this.fills.fillMany(names, permit);
        filled += came.filled;
        this.filled += came.filled;
        if (came.fault !== null) throw came.fault;
        done += names.length;
        progress?.({ names: Math.max(wanted.names, done), done, filled });
        await sleep(Math.max(shortestRestMs, rests * (this.clock.monotonicMs() - beganAtMs)));
      }
    }
    const durationMs = Math.round(this.clock.monotonicMs() - startedAtMs);
    return { names: complete ? done : Math.max(wanted?.names ?? 0, done), filled, complete, durationMs };
  }

  private async *allNames(): AsyncGenerator<readonly string[]> {
    let after: string | null = null;
    for (;;) {
      const truths: readonly Truth[] = await this.pages.truths({ prefix: '', after, limit: NAMES_IN_STEP });
      const names = truths.filter(isCounter).map(({ name }) => name);
      if (names.length > 0) yield names;
      if (truths.length < NAMES_IN_STEP) return;
      after = truths.at(-1)?.name ?? null;
    }
  }

  /** Of a cluster a part may stay away: after a while the rest is filled. */
  private async permission(signal: AbortSignal | undefined): Promise<Permit | null> {
    const deadlineMs = this.clock.monotonicMs() + PERMISSION_PATIENCE_MS;
    while (signal?.aborted !== true) {
      if (this.guard.isServing) return this.guard.permit();
      if (this.clock.monotonicMs() > deadlineMs)
        return this.guard.unitsStanding().serving > 0 ? this.guard.permit() : null;
      await sleep(PERMISSION_POLL_MS);
    }
    return null;
  }
}
