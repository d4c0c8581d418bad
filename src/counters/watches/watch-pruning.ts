import { Injectable } from '@nestjs/common';
import { WatchRemains } from '../../store/watches/watch-remains.js';
import { MAX_TRACKS } from '../../store/watches/watch-writes.js';
import { Webhooks } from '../../store/watches/webhooks.js';
import { removeInChunks } from '../chunks.js';

/** A quarter: long enough to tell what last season was like. */
const TURNS_KEPT_DAYS = 90;

/** A message that nobody asked about in a month is asked about no more. */
const DELIVERIES_KEPT_DAYS = 30;

/** Rows in one statement: tens of milliseconds. */
const CHUNK = 5_000;

export interface WatchPruneReport {
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
  async runOnce({ signal }: { readonly signal: AbortSignal }): Promise<WatchPruneReport> {
    const turns = await removeInChunks(CHUNK, signal, (limit) => this.remains.removeTurns(TURNS_KEPT_DAYS, limit));
    const tracks = await removeInChunks(CHUNK, signal, (limit) => this.remains.removeCrowds(MAX_TRACKS, limit));
    const deliveries = await removeInChunks(CHUNK, signal, (limit) =>
      this.webhooks.removeOld(DELIVERIES_KEPT_DAYS, limit),
    );
    return { turns: turns.removed, tracks: tracks.removed, deliveries: deliveries.removed };
  }
}
