import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ProcessSettings } from '../../config/processes.js';
import { NotEnoughHistory } from '../../domain/errors.js';
import { HOUR_MS } from '../../domain/time.js';
import { UnexpectedLooks, type UnjudgedHour } from '../../store/watches/unexpected-looks.js';
import { DatabaseClock } from '../database-clock.js';
import { DEFAULT_LEVEL, type ForecastHour, ForecastsService } from '../forecasts/forecasts.service.js';
import type { HourlyChange } from '../forecasts/hours.js';
import { DAY_HOURS, outsideOf, WEEK_HOURS } from '../forecasts/model.js';
import { LoopFaults } from '../loop-faults.js';
import { Polls } from '../polls.js';
import { withMessages } from './judge.js';
import { begun, heard, type Verdict } from './track.js';

/** What is unexpected is told within a minute after the hour. */
const LOOK_INTERVAL_MS = 10_000;

/** The history of an hour is whole some seconds after it. */
const SETTLED_MS = 20_000;

/** Looked at in one go: so that others get their share, and an end is not held up. */
const CHUNK = 4;

/** A counter and what was expected of its last hours. */
interface Weighed {
  readonly verdict: Verdict;
  readonly observed: number | null;
}

const UNKNOWN: Weighed = { verdict: 'unknown', observed: null };

const ANYTHING = { low: -Infinity, high: Infinity };

/** Weighs each hour that is over against what was expected of it. Every instance does; each hour counts once. */
@Injectable()
export class UnexpectedEvaluator implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly faults = new LoopFaults(new Logger(UnexpectedEvaluator.name));
  private readonly looks = new Polls(() => this.look(), LOOK_INTERVAL_MS);
  private stopped = false;

  constructor(
    private readonly store: UnexpectedLooks,
    private readonly forecasts: ForecastsService,
    private readonly clock: DatabaseClock,
    private readonly process: ProcessSettings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.process.role !== 'worker') this.looks.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.looks.stop();
  }

  /** Judges what was not judged up to the last hour that is over. */
  async runOnce(): Promise<void> {
    const hourEndMs = Math.floor((this.clock.nowMs() - SETTLED_MS) / HOUR_MS) * HOUR_MS;
    for (;;) {
      const unjudged = await this.store.unjudged(hourEndMs, CHUNK);
      for (const one of unjudged) {
        if (this.stopped) return;
        await this.judge(one, hourEndMs);
      }
      if (unjudged.length < CHUNK) return;
    }
  }

  private async judge(hour: UnjudgedHour, hourEndMs: number): Promise<void> {
    const { candidate, expectedToMs } = hour;
    const track = candidate.track ?? begun(hourEndMs);
    const hours = 'unexpected' in candidate.condition ? candidate.condition.unexpected.hours : 1;
    // As it was foreseen a day before: a forecast follows the hours just before it, and what is odd about them.
    const windowMs = hourEndMs - Math.max(hours, DAY_HOURS) * HOUR_MS;
    // While it fires, what is odd must not come to be expected: what is expected is what was so before it.
    const held = track.state === 'firing' ? (expectedToMs ?? windowMs) : windowMs;
    const fromMs = Math.max(Math.min(held, windowMs), hourEndMs - WEEK_HOURS * HOUR_MS);
    const { verdict, observed } = await this.weigh(candidate.name, fromMs, hourEndMs, hours);
    const moved = heard(track, verdict, hourEndMs, candidate.holdMs);
    const turns = moved.turns.map((turn) => ({ ...turn, observed }));
    const judged = withMessages(candidate, moved.track, turns, null);
    await this.store.note(hour, judged, hourEndMs, verdict === 'met' ? fromMs : hourEndMs);
  }

  private async weigh(name: string, fromMs: number, toMs: number, hours: number): Promise<Weighed> {
    try {
      const found = await this.forecasts.lookBack(name, fromMs, toMs, DEFAULT_LEVEL);
      return found === null ? UNKNOWN : weighed(found.expected.slice(-hours), found.actual.slice(-hours), hours);
    } catch (error) {
      if (error instanceof NotEnoughHistory) return UNKNOWN;
      throw error;
    }
  }

  private async look(): Promise<void> {
    try {
      await this.runOnce();
      this.faults.clear();
    } catch (error) {
      this.faults.note(error);
    }
  }
}

/** Whether every one of the last hours lay outside of what was expected, and all on one side. */
function weighed(
  expected: readonly ForecastHour[],
  actual: readonly HourlyChange[],
  hours: number,
): { readonly verdict: Verdict; readonly observed: number | null } {
  const last = actual.at(-1);
  if (actual.length < hours || expected.length < hours || last === undefined) return UNKNOWN;
  const sides = actual.map(({ delta }, hour) => outsideOf(expected[hour] ?? ANYTHING, delta));
  const [first = null] = sides;
  const isOdd = first !== null && sides.every((side) => side === first);
  return { verdict: isOdd ? 'met' : 'unmet', observed: last.delta };
}
