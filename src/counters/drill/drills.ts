import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../../domain/deed.js';
import { KeyInProgress } from '../../domain/errors.js';
import { CountersService } from '../counters.service.js';
import { Happenings } from '../happenings/happenings.js';
import { CacheUpkeep } from '../upkeep/cache-upkeep.js';
import { Drill } from './drill.js';
import { OwnService } from './own-service.js';

/** Sentences about what was read wrong; more of them say nothing new. */
const MAX_TOLD = 5;

export interface DrillWish {
  /** Counters that are compared, at most; they are only read. */
  readonly sample: number;
  /** Load before the flush and after it. */
  readonly seconds: number;
}

/** Runs drills of this service by itself, one at a time; when one begins, and what it came to, is told as what happened. */
@Injectable()
export class Drills implements BeforeApplicationShutdown {
  private readonly log = new Logger(Drills.name);
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;

  constructor(
    private readonly counters: CountersService,
    private readonly upkeep: CacheUpkeep,
    private readonly happenings: Happenings,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /**
   * Begins one; it is done within some seconds, or a minute where the cache does not become warm.
   *
   * @throws KeyInProgress while one is running on this instance
   */
  begin(wish: DrillWish, by: Actor): void {
    if (this.running !== null) throw new KeyInProgress('A drill is running on this instance.');
    this.running = this.run(wish, by).finally(() => (this.running = null));
  }

  private async run({ sample, seconds }: DrillWish, by: Actor): Promise<void> {
    const { signal } = this.stopping;
    this.happenings.note('drill.begin', { actor: by.actor, seconds, sample });
    try {
      const service = new OwnService(this.counters, this.upkeep, by);
      const options = { sample, phaseMs: seconds * 1_000, waitForFlush: false, signal };
      const { wrong, ...report } = await new Drill(service, options, (line) => this.log.debug(line)).run();
      this.happenings.note('drill.end', { ...report, wrong: wrong.length, told: wrong.slice(0, MAX_TOLD) });
    } catch (error) {
      // Servers that are away are no fault of the drill; that it could not be run to its end is what it came to.
      this.log.warn({ msg: 'a drill was not run to its end', err: error });
      this.happenings.note('drill.end', { passed: false, fault: 'It was not run to its end.' });
    }
  }
}
