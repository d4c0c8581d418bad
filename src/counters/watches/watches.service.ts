import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Unavailable, UnfitWish } from '../../domain/errors.js';
import { kindOf, type WatchWish } from '../../domain/watch.js';
import { DAY_MS, MINUTE_MS } from '../../domain/time.js';
import { Meters } from '../../meters/meters.js';
import {
  type Replacement,
  type StandingWatch,
  type ToldTurn,
  type WatchCounts,
  Watches,
  type WatchQuestion,
} from '../../store/watches/watches.js';
import { Webhooks } from '../../store/watches/webhooks.js';
import { orUnavailable } from '../or-unavailable.js';
import { lengthMsOf } from './lengths.js';
import { WatchEvaluator } from './watch-evaluator.js';

/** Of one who changes parts of a watch that others change meanwhile: each time somebody was quicker. */
const CHANGE_ATTEMPTS = 10;

/** What one deployment is watched by: a look at them costs some ten milliseconds. */
const MAX_WATCHES = 10_000;

/** Each is held against every name that changed. */
const MAX_PREFIX_WATCHES = 100;

/** Each costs half a second of a core each hour. */
const MAX_UNEXPECTED_WATCHES = 100;

/** The longest time something must be so before a watch turns: what is longer is no alarm. */
export const MAX_HOLD_MS = 7 * DAY_MS;

/** Of `rate`: shorter ones say more of the second in which somebody looks; longer ones are told by days. */
const MIN_RATE_MS = 5 * MINUTE_MS;
const MAX_RATE_MS = 30 * DAY_MS;

/** Of `silent`. */
const MIN_SILENT_MS = MINUTE_MS;
const MAX_SILENT_MS = 365 * DAY_MS;

/** Watches told of one by one in metrics; the others are counted. */
const MAX_SHOWN_FIRING = 1_000;

/** What a watch is about and what makes it fire: makes, changes and tells them. */
@Injectable()
export class WatchesService {
  constructor(
    private readonly watches: Watches,
    private readonly webhooks: Webhooks,
    private readonly evaluator: WatchEvaluator,
    meters: Meters,
  ) {
    meters.add(
      {
        kind: 'gauge',
        name: 'evercount_watched_counters',
        together: 'committer',
        help: 'Watched counters, by how they stand',
        read: async () =>
          Object.entries((await watches.summary(0)).tracks).map(([state, value]) => ({ labels: { state }, value })),
      },
      {
        kind: 'gauge',
        name: 'evercount_watch_firing',
        together: 'committer',
        help: 'Counters on which a watch fires; missing where it does not, and of muted ones',
        read: async () =>
          (await watches.summary(MAX_SHOWN_FIRING)).firing.map(({ id, label, counters }) => ({
            labels: { watch: id, label },
            value: counters,
          })),
      },
    );
  }

  /**
   * @throws UnfitWish
   * @throws Unavailable
   */
  async make(wish: WatchWish): Promise<StandingWatch> {
    await this.refuseUnfit(wish);
    const id = `w_${randomBytes(8).toString('hex')}`;
    const isAdded = await orUnavailable(() => this.watches.add(id, wish, (counts) => hasRoom(counts, wish)));
    if (!isAdded) throw new UnfitWish(fullOf(wish));
    return this.told(id);
  }

  /**
   * @returns null where there is none
   * @throws UnfitWish
   * @throws Unavailable
   */
  async replace(id: string, wish: WatchWish): Promise<StandingWatch | null> {
    const replacement = await this.putInPlace(id, wish, null);
    return replacement === 'replaced' ? this.told(id) : null;
  }

  /**
   * Changes parts of one. Who changes others of it at the same moment loses nothing.
   *
   * @param wishOf what it is to be, of what it is; is asked again where somebody was quicker
   * @returns null where there is none
   * @throws UnfitWish
   * @throws Unavailable
   */
  async change(id: string, wishOf: (before: StandingWatch) => WatchWish): Promise<StandingWatch | null> {
    for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt += 1) {
      const before = await this.find(id);
      if (before === null) return null;
      switch (await this.putInPlace(id, wishOf(before), before)) {
        case 'replaced':
          return this.told(id);
        case 'absent':
          return null;
        case 'changed':
          break;
      }
    }
    throw new Unavailable('The watch is changed again and again by others.');
  }

  /** @throws UnfitWish, also where there is no room for it */
  private async putInPlace(
    id: string,
    wish: WatchWish,
    before: StandingWatch | null,
  ): Promise<Exclude<Replacement, 'full'>> {
    await this.refuseUnfit(wish);
    const fits = (others: WatchCounts) => hasRoom(others, wish);
    const replacement = await orUnavailable(() => this.watches.replace(id, wish, fits, before));
    if (replacement === 'full') throw new UnfitWish(fullOf(wish));
    return replacement;
  }

  /** @throws Unavailable */
  async remove(id: string): Promise<boolean> {
    return orUnavailable(() => this.watches.remove(id));
  }

  /** @throws Unavailable */
  async find(id: string): Promise<StandingWatch | null> {
    return orUnavailable(() => this.watches.find(id));
  }

  /** @throws Unavailable */
  async page(question: WatchQuestion): Promise<StandingWatch[]> {
    return orUnavailable(() => this.watches.page(question));
  }

  /** @throws Unavailable */
  async turns(id: string, limit: number): Promise<ToldTurn[]> {
    return orUnavailable(() => this.watches.turns(id, limit));
  }

  private async told(id: string): Promise<StandingWatch> {
    this.evaluator.hurry();
    const found = await this.find(id);
    if (found === null) throw new UnfitWish('The watch was removed at the same moment.');
    return found;
  }

  private async refuseUnfit(wish: WatchWish): Promise<void> {
    const fault = faultOfWatch(wish);
    if (fault !== null) throw new UnfitWish(fault);
    const known = new Set(await orUnavailable(() => this.webhooks.knownOf(wish.notify)));
    const unknown = wish.notify.find((id) => !known.has(id));
    if (unknown !== undefined) throw new UnfitWish(`There is no webhook ${unknown}.`);
  }
}

/** Says what is wrong with a watch that is of the right shape, or null. */
function faultOfWatch({ when, prefix }: WatchWish): string | null {
  if ('rate' in when) {
    const { over } = when.rate;
    if (!isWithin(over, MIN_RATE_MS, MAX_RATE_MS) || (lengthMsOf(over) ?? 0) % MINUTE_MS !== 0) {
      return 'The length of a rate must be whole minutes from 5m to 30d.';
    }
    const isOne = (when.rate.above === undefined) !== (when.rate.below === undefined);
    return isOne ? null : 'The limit of a rate is "above" or "below", and one of them.';
  }
  if ('silent' in when) {
    return isWithin(when.silent, MIN_SILENT_MS, MAX_SILENT_MS) ? null : 'A silence must last from 1m to 365d.';
  }
  if ('unexpected' in when) {
    return prefix === null ? null : 'What is unexpected can be said of one counter, and not of a prefix.';
  }
  return null;
}

function isWithin(text: string, minMs: number, maxMs: number): boolean {
  const ms = lengthMsOf(text);
  return ms !== null && ms >= minMs && ms <= maxMs;
}

function hasRoom({ all, prefixes, unexpected }: WatchCounts, { prefix, when }: WatchWish): boolean {
  if (all >= MAX_WATCHES || (prefix !== null && prefixes >= MAX_PREFIX_WATCHES)) return false;
  return kindOf(when) !== 'unexpected' || unexpected < MAX_UNEXPECTED_WATCHES;
}

function fullOf({ prefix, when }: WatchWish): string {
  if (kindOf(when) === 'unexpected') return `There may be ${MAX_UNEXPECTED_WATCHES} watches of what is unexpected.`;
  return prefix === null
    ? `There may be ${MAX_WATCHES} watches.`
    : `There may be ${MAX_PREFIX_WATCHES} watches of prefixes.`;
}
