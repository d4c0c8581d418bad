import { Injectable } from '@nestjs/common';
import type { Total } from '../../store/increment-codec.js';
import type { Creator } from '../../domain/operation.js';
import { Clock } from '../clock.js';

/** How old what is known of a creator may be when its write is decided; what was created here since then is added. */
const RECENT_MS = 5_000;

/** What one batch created on somebody's account, and when that was known here. */
interface Recent {
  readonly atMs: number;
  readonly names: number;
}

/**
 * Foresees whose quota of names may be used up, so that the fast lane leaves what such a key would create to be decided
 * one by one, where the sums are read under the lock. It counts rather too much than too little, and refuses nobody.
 */
@Injectable()
export class NameQuotas {
  private readonly recent = new Map<string, Recent[]>();
  /** Names of batches under way that may be new, by key: other lanes must not give away the same room. */
  private readonly sent = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /**
   * Sends a batch, and until it is back takes the room that it may need.
   *
   * @param send is told which names may be too many for their creators, if none of them was ever there
   */
  async sending<T>(
    totals: Iterable<Pick<Total, 'name' | 'creator'>>,
    send: (barred: ReadonlySet<string>) => Promise<T>,
  ): Promise<T> {
    const taken = new Map<string, number>();
    const barred = new Set<string>();
    for (const { name, creator } of totals) {
      if (creator === null) continue;
      const before = taken.get(creator.keyId) ?? 0;
      if (before < this.roomOf(creator)) taken.set(creator.keyId, before + 1);
      else barred.add(name);
    }
    for (const [keyId, names] of taken) this.sent.set(keyId, (this.sent.get(keyId) ?? 0) + names);
    try {
      return await send(barred);
    } finally {
      for (const [keyId, names] of taken) {
        const left = (this.sent.get(keyId) ?? 0) - names;
        if (left > 0) this.sent.set(keyId, left);
        else this.sent.delete(keyId);
      }
    }
  }

  /** Notes what a batch brought into being. */
  note(created: readonly string[], totals: ReadonlyMap<string, Pick<Total, 'creator'>>): void {
    if (created.length === 0) return;
    const counts = new Map<string, number>();
    for (const name of created) {
      const keyId = totals.get(name)?.creator?.keyId;
      if (keyId !== undefined) counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
    }
    const atMs = this.clock.monotonicMs();
    for (const [keyId, names] of counts) this.recent.set(keyId, [...this.recentOf(keyId), { atMs, names }]);
  }

  private roomOf({ keyId, maxNames, names }: Creator): number {
    const unsettled = this.sent.get(keyId) ?? 0;
    return this.recentOf(keyId).reduce((room, recent) => room - recent.names, maxNames - names - unsettled);
  }

  private recentOf(keyId: string): readonly Recent[] {
    const all = this.recent.get(keyId);
    if (all === undefined) return [];
    const sinceMs = this.clock.monotonicMs() - RECENT_MS;
    const recent = all.filter(({ atMs }) => atMs >= sinceMs);
    if (recent.length === 0) this.recent.delete(keyId);
    else if (recent.length < all.length) this.recent.set(keyId, recent);
    return recent;
  }
}
