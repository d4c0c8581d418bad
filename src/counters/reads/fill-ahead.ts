import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { NAMES_IN_STEP, stepsOf } from '../../domain/steps.js';
import { CounterReader } from '../../store/counter-reader.js';
import { Clock } from '../clock.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { CounterFills } from './counter-fills.js';
import { LatelyRead } from './lately-read.js';

/** Counters, all of them read lately, that are missed within `SURGE_MS`: a few go missing all the time, as entries end. */
export const SURGE = 32;
const SURGE_MS = 500;

/** Names in one step: larger ones cost as much and keep readers waiting, smaller ones cost more. */
const STEP = 250;

/** Of a step at least this share must have been missing: where it was not, readers need no help. */
const LEAST_MISSING = 1 / 8;

/** Names that may still be read at once; when fewer may, they are for readers, who wait for theirs. */
const LEAST_SPARE = 2 * NAMES_IN_STEP;

/** After what was no loss: so a look that was for nothing costs less than a hundredth of the time. */
const REST_AFTER_FALSE_ALARM_MS = 1_000;

/**
 * Fills what was read lately before it is asked for again, once readers miss what they had found: after a flush, an
 * eviction, a failover to an empty server. A miss by itself costs three times what one among hundreds does. Nobody waits
 * for it: readers fill what they miss by themselves meanwhile. Who reads few counters has few filled.
 */
@Injectable()
export class FillAhead implements BeforeApplicationShutdown {
  /** Entries that it brought back. */
  filled = 0;

  private readonly log = new Logger(FillAhead.name);
  private readonly missing = new Set<string>();
  private missingSinceMs = -Infinity;
  private notBeforeMs = -Infinity;
  private running: Promise<void> | null = null;
  private isEnding = false;

  constructor(
    private readonly lately: LatelyRead,
    private readonly fills: CounterFills,
    private readonly reader: CounterReader,
    private readonly guard: CacheGuard,
    private readonly clock: Clock,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.isEnding = true;
    await this.running;
  }

  /** A reader missed this counter, and fills it. */
  noteMiss(name: string): void {
    if (this.running !== null || this.isEnding || !this.lately.has(name)) return;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.missingSinceMs > SURGE_MS) {
      this.missing.clear();
      this.missingSinceMs = nowMs;
    }
    this.missing.add(name);
    if (this.missing.size < SURGE || nowMs < this.notBeforeMs) return;
    this.missing.clear();
    this.running = this.fill().finally(() => (this.running = null));
  }

  private async fill(): Promise<void> {
    const startedAtMs = this.clock.monotonicMs();
    let restMs = REST_AFTER_FALSE_ALARM_MS;
    try {
      for (const step of stepsOf(this.lately.names(), STEP)) {
        if (this.isEnding || this.reader.spareNames < LEAST_SPARE) break;
        const filled = await this.fillStep(step);
        this.filled += filled;
        if (filled < step.length * LEAST_MISSING) break;
        // Where flushes follow each other closely, half of the time at most is spent on it.
        restMs = this.clock.monotonicMs() - startedAtMs;
      }
    } catch (error) {
      // Readers are told by what they ask themselves.
      this.log.debug(error);
    }
    this.notBeforeMs = this.clock.monotonicMs() + restMs;
  }

  /** @returns how many of them were missing, and are there now */
  private async fillStep(step: readonly string[]): Promise<number> {
    const permit = this.guard.permit();
    // The others could only be read, and nobody asked for that.
    const names = step.filter((name) => permit(name) !== null);
    const { filled } = await this.fills.fillMany(names, permit);
    return filled;
  }
}
