import { Injectable } from '@nestjs/common';
import { WatchRemains } from '../../store/watches/watch-remains.js';
import { MAX_TRACKS } from '../../store/watches/watch-writes.js';
import { Webhooks } from '../../store/watches/webhooks.js';

/** A quarter: long enough to tell what last season was like. */
const TURNS_KEPT_DAYS = 90;

/** A message that nobody asked about in a month is asked about no more. */
const DELIVERIES_KEPT_DAYS = 30;

/** Rows in one statement: tens of milliseconds. */
const CHUNK = 5_000;

export interface PruneReport {
  readonly turns: number;
  /** Of counters that are gone. */
  readonly tracks: number;
  readonly deliveries: number;
}

/** Removes what watches were and webhooks were told long ago. */
@Injectable()
export class WatchPruning {
  constructor(
    private readonly remains: WatchRemains,
    private readonly webhooks: Webhooks,
  ) {}

  /**
   * Removes in chunks, until nothing is left that is old enough.
   *
   * @param signal ends it after the chunk that is under way
   */
  async runOnce({ signal }: { readonly signal: AbortSignal }): Promise<PruneReport> {
    const remove = async (chunk: () => Promise<number>): Promise<number> => {
      for (let removed = 0; ;) {
        const count = await chunk();
        removed += count;
        if (count < CHUNK || signal.aborted) return removed;
      }
    };
    const turns = await remove(() => this.remains.removeTurns(TURNS_KEPT_DAYS, CHUNK));
    const tracks = await remove(() => this.remains.removeCrowds(MAX_TRACKS, CHUNK));
    const deliveries = await remove(() => this.webhooks.removeOld(DELIVERIES_KEPT_DAYS, CHUNK));
    return { turns, tracks, deliveries };
  }
}
