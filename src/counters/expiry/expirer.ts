import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ProcessSettings } from '../../config/processes.js';
import { CounterError } from '../../domain/errors.js';
import { ExpiredCounters, type Ended } from '../../store/expired-counters.js';
import { Changes } from '../changes/changes.js';
import { Exposure } from '../commits/exposure.js';
import { LoopFaults } from '../loop-faults.js';
import { Polls } from '../polls.js';

/** A counter's end is told within a second: two looks fit into it, and what they find. */
const LOOK_INTERVAL_MS = 300;

/** Counters in one statement: some ten milliseconds, in which others leave them alone. */
const CHUNK = 500;

/**
 * Ends counters whose time is over, as changes of their own: for the history, for streams, and for those who would else
 * do it in their next read or write. Every instance looks, by a timer of its own, but for workers; whatever is late stays
 * right.
 */
@Injectable()
export class Expirer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(Expirer.name);
  private readonly faults = new LoopFaults(this.log);
  private readonly looks = new Polls(() => this.look(), LOOK_INTERVAL_MS);
  private stopped = false;

  constructor(
    private readonly expired: ExpiredCounters,
    private readonly exposure: Exposure,
    private readonly changes: Changes,
    private readonly process: ProcessSettings,
  ) {
    // Those that readers found first, too.
    expired.onEnded((ended) => void this.tell(ended));
  }

  onApplicationBootstrap(): void {
    if (this.process.role !== 'worker') this.looks.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.looks.stop();
  }

  private async look(): Promise<void> {
    try {
      while (!this.stopped && (await this.expired.endDue(CHUNK)) === CHUNK);
      this.faults.clear();
    } catch (error) {
      this.faults.note(error);
    }
  }

  private async tell({ absences, times }: Ended): Promise<void> {
    try {
      await this.exposure.publish(absences, times);
      this.changes.note(absences, times.sentAtMs);
    } catch (error) {
      // Entries end by themselves, and streams look again.
      if (!(error instanceof CounterError)) this.log.error(error);
    }
  }
}
