import { useCallback, useSyncExternalStore } from 'react';
import type { Counter, Evercount } from './evercount.js';
import { LiveCounters, type Live } from './live.js';

export type { Live } from './live.js';

/** One stream for all counters that a page shows from one client: browsers open six connections to a host at most. */
const LIVE = new WeakMap<Evercount, LiveCounters>();

/**
 * A counter as it changes, for as long as the component is there.
 *
 * @returns its `counter`, null where there is none, undefined until it is known; `feed`, how changes reach the page; and
 *   `error`, where the service refuses to tell: one that it refuses has all refused that the page shows
 */
export function useCounter(client: Evercount, name: string): Live {
  let live = LIVE.get(client);
  if (live === undefined) LIVE.set(client, (live = new LiveCounters(client)));
  const counters = live;
  const subscribe = useCallback((listener: () => void) => counters.subscribe(name, listener), [counters, name]);
  const now = useCallback(() => counters.get(name), [counters, name]);
  return useSyncExternalStore(subscribe, now, now);
}

export type { Counter };
