import { Injectable, Logger } from '@nestjs/common';
import type { NewsItem } from '../../domain/happening.js';
import { HappeningLog, type PlacedNews } from '../../store/happening-log.js';
import { LoopFaults } from '../loop-faults.js';
import { Happenings } from './happenings.js';

/** What another instance wrote down is told here within this time, and that of the look itself. */
const LOOK_INTERVAL_MS = 500;

/** Rows may come to be seen a moment after later ones, and what waited for Postgres is older still. */
const LOOKED_BACK_S = 30;

/** Of which each look remembers what it told; more in half a minute is no news to anybody. */
const MAX_LATE = 100;

/** Tells what happens as it happens, wherever it is noticed; it looks only while somebody listens. */
@Injectable()
export class LatestNews {
  private readonly faults = new LoopFaults(new Logger(LatestNews.name));
  private listener: ((news: readonly NewsItem[]) => void) | null = null;
  private told: Set<string> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private looking = false;
  private again = false;

  constructor(
    private readonly log: HappeningLog,
    happenings: Happenings,
  ) {
    happenings.onWritten(() => void this.look());
  }

  /** Begins to tell what happens from now on; there is one listener at a time. */
  listen(listener: (news: readonly NewsItem[]) => void): void {
    this.stop();
    this.listener = listener;
    this.timer = setInterval(() => void this.look(), LOOK_INTERVAL_MS);
    void this.look();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.listener = null;
    this.told = null;
  }

  private async look(): Promise<void> {
    if (this.listener === null) return;
    this.again = this.looking;
    if (this.looking) return;
    this.looking = true;
    do {
      this.again = false;
      await this.tell();
    } while (this.isAskedAgain());
    this.looking = false;
  }

  private isAskedAgain(): boolean {
    return this.again && this.listener !== null;
  }

  private async tell(): Promise<void> {
    try {
      const late = await this.log.late(LOOKED_BACK_S, MAX_LATE);
      // What is there at the first look was there before.
      const news = late.filter(({ id }) => this.told?.has(id) === false).reverse();
      this.told = new Set(late.map(({ id }) => id));
      if (news.length > 0) this.listener?.(news.map(newsOf));
      this.faults.clear();
    } catch (error) {
      // What happens while Postgres is away is written down, and told, once it is back.
      this.faults.note(error);
    }
  }
}

/** Without its place. */
export function newsOf({ id, at, kind, instance, detail }: PlacedNews): NewsItem {
  return { id, at, kind, instance, detail };
}
