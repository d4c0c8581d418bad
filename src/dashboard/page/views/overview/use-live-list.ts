import { useEffect, useState } from 'preact/hooks';
import { feed, type Target } from '../../service/live-feed.js';
import type { Sight } from './card-grid.js';
import type { CounterList } from './counter-list.js';
import type { Item } from './item.js';

/** All are watched where there are no more, so that new ones come in at once. */
const FEW = 120;
/** Of an address, which may have some 8,000. */
const WATCHED_CHARACTERS = 6_000;
/** While one scrolls nothing new is watched. */
const SCROLLING_MS = 150;

interface Named {
  readonly prefix: string;
  readonly search: string;
}

/** Keeps the cards that can be seen up to date, to the moment. */
export function useLiveList(list: CounterList, named: Named, sight: Sight | null): void {
  const [target, setTarget] = useState<Target | null>(null);
  const items = list.items.value;
  const whole = !list.hasMore.value && list.left.value === null;
  const next = list.busy.value ? null : targetOf(items, whole, named, sight);
  const key = JSON.stringify(next);
  useEffect(() => {
    if (next === null) return undefined;
    const timer = setTimeout(() => setTarget(next), target === null ? 0 : SCROLLING_MS);
    return () => clearTimeout(timer);
  }, [key]);

  const watched = JSON.stringify(target);
  useEffect(() => {
    if (target === null) return undefined;
    const comesIn = target.prefix !== null;
    feed.watch(target, {
      anew: () => {
        list.loadRecent(list.items.peek(), true);
        void list.revive();
      },
      snapshot: (counters) => {
        for (const { name, value } of counters) list.get(name)?.set(value, true);
        if (comesIn && counters.some(({ name }) => list.get(name) === undefined)) void list.begin();
      },
      change: (counter) => {
        const item = list.get(counter.name);
        if ('deleted' in counter) list.remove(counter.name);
        else if (item !== undefined) item.set(counter.value, true);
        else if (comesIn) void list.begin();
      },
    });
    return undefined;
  }, [watched, list]);
  useEffect(() => () => feed.stop(), []);
}

/**
 * All there are where they are few; else those in sight, as far as their names fit into an address. A service watches few
 * prefixes, and what is typed into the search would use them up.
 */
function targetOf(items: readonly Item[], whole: boolean, { prefix, search }: Named, sight: Sight | null): Target {
  if (prefix === '' && search === '' && whole && items.length <= FEW) return { names: [], prefix };
  const names: string[] = [];
  let room = WATCHED_CHARACTERS;
  for (const { name } of items.slice(sight?.first ?? 0, sight?.last ?? FEW)) {
    room -= encodeURIComponent(name).length + '&name='.length;
    if (room < 0) break;
    names.push(name);
  }
  return { names, prefix: null };
}
