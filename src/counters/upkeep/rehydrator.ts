import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { NAMES_IN_STEP } from '../../domain/steps.js';
import { Batches } from '../../store/batches.js';
import { CacheGuard, type Permit } from '../guard/cache-guard.js';
import { CounterFills } from '../reads/counter-fills.js';
import { Clock } from '../clock.js';

/** Rests this many times as long as a step took: readers fill what they need by themselves, and must not wait for this. */
const RESTS = 9;

/** Bounds the rate to 20,000 counters a second, however fast the servers are. */
const SHORTEST_REST_MS = 25;

/** A cache that turned cold may have to be named and settled first, or a blind period may have to pass. */
const PERMISSION_PATIENCE_MS = 10_000;
const PERMISSION_POLL_MS = 50;

export interface RehydrateReport {
  /** Counters that the latest batches touched, up to the limit. */
  readonly names: number;
  /** Those of them that had no entry and were given one. */
  readonly filled: number;
  /** Whether all of them were looked at. */
  readonly complete: boolean;
  readonly durationMs: number;
}

export interface RehydrateProgress {
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

/** Fills the cache after a flush or a cold start, so that the first reader of a hot counter need not. */
@Injectable()
export class Rehydrator {
  constructor(
    private readonly batches: Batches,
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
  async runOnce(limit: number, { signal, progress }: RehydrateOptions = {}): Promise<RehydrateReport> {
    const startedAtMs = this.clock.monotonicMs();
    let [done, filled] = [0, 0];
    const names = (await this.permission(signal)) === null ? null : await this.batches.latestNames(limit);
    while (names !== null && done < names.length) {
      const permit = await this.permission(signal);
      if (permit === null) break;
      const beganAtMs = this.clock.monotonicMs();
      const chunk = names.slice(done, done + NAMES_IN_STEP);
      const came = await this.fills.fillMany(chunk, permit);
      filled += came.filled;
      if (came.fault !== null) throw came.fault;
      done += chunk.length;
      progress?.({ names: names.length, done, filled });
      await sleep(Math.max(SHORTEST_REST_MS, RESTS * (this.clock.monotonicMs() - beganAtMs)));
    }
    return {
      names: names?.length ?? 0,
      filled,
      complete: done === names?.length,
      durationMs: Math.round(this.clock.monotonicMs() - startedAtMs),
    };
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
