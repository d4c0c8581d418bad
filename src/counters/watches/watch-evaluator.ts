import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ProcessSettings } from '../../config/processes.js';
import { MINUTE_MS } from '../../domain/time.js';
import { Meters } from '../../meters/meters.js';
import { isStatementTimeout, StoreFailure } from '../../store/failure.js';
import { ALL_RATES, type LookReport, WatchLooks } from '../../store/watches/watch-looks.js';
import { CHUNK_PAUSE_MS } from '../chunks.js';
import { Clock } from '../clock.js';
import { LoopFaults } from '../loop-faults.js';
import { Polls } from '../polls.js';
import { judge } from './judge.js';
import { rateBeginMs } from './lengths.js';

/** A value is judged within 10 s of its commit: three looks fit into it, and what they find. */
const LOOK_INTERVAL_MS = 3_000;

/**
 * Follows the log of batches for watches. Every instance looks, by a timer of its own and without Redis; the cursor lets
 * one of them at a time, and what it decides is committed with how far it came.
 */
@Injectable()
export class WatchEvaluator implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(WatchEvaluator.name);
  private readonly faults = new LoopFaults(this.log);
  private readonly looks = new Polls(() => this.look(), LOOK_INTERVAL_MS);
  private stopped = false;
  private turned = 0;
  private gaps = 0;
  /** When time passed on for rates last, by the monotonic clock. */
  private ratesAtMs = -Infinity;

  constructor(
    private readonly store: WatchLooks,
    private readonly clock: Clock,
    private readonly process: ProcessSettings,
    meters: Meters,
  ) {
    meters.add(
      {
        kind: 'counter',
        name: 'evercount_watch_turns_total',
        help: 'Changes of state of watched counters that this instance found',
        read: () => this.turned,
      },
      {
        kind: 'counter',
        name: 'evercount_watch_gaps_total',
        help: 'How often this instance found that batches had gone which no watch had read',
        read: () => this.gaps,
      },
    );
  }

  onApplicationBootstrap(): void {
    if (this.process.role !== 'worker') this.looks.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.looks.stop();
  }

  /** The next look begins now: somebody made a watch, and waits for what it says. */
  hurry(): void {
    this.looks.hurry();
  }

  /**
   * Reads what is there, and judges it.
   *
   * @returns null where another instance is at it, or there is no watch
   * @throws StoreFailure
   */
  async runOnce(): Promise<Omit<LookReport, 'rates'> | null> {
    if (!(await this.store.isWanted())) return null;
    const total = { judged: 0, turns: 0, complete: false, gap: false };
    const startedAtMs = this.clock.monotonicMs();
    let rates = startedAtMs - this.ratesAtMs >= MINUTE_MS ? ALL_RATES : null;
    const hasRates = rates !== null;
    while (!this.stopped && !total.complete) {
      if (total.judged > 0) await sleep(CHUNK_PAUSE_MS);
      const report = await this.store.look(judge, rateBeginMs, rates);
      if (report === null) return null;
      if (report.gap) this.noteGap();
      else rates = report.rates;
      total.judged += report.judged;
      total.turns += report.turns;
      total.gap ||= report.gap;
      total.complete = report.complete && rates === null;
    }
    if (hasRates && total.complete) this.ratesAtMs = startedAtMs;
    this.turned += total.turns;
    return total;
  }

  private async look(): Promise<void> {
    try {
      await this.runOnce();
      this.faults.clear();
    } catch (error) {
      // The next one will take too long as well.
      if (error instanceof StoreFailure && isStatementTimeout(error)) this.faults.note(error, true);
      else this.faults.note(error);
    }
  }

  private noteGap(): void {
    this.gaps += 1;
    this.log.error('batches went before watches had read them: what was in them is not judged');
  }
}
