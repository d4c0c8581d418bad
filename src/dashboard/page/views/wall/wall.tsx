import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { BigNumber, useMark } from '../../parts/big-number.js';
import { Sparkline } from '../../parts/sparkline.js';
import { useLoad } from '../../parts/use-load.js';
import { useTick } from '../../parts/use-tick.js';
import { useTitle } from '../../parts/use-title.js';
import { zone } from '../../place/zone.js';
import { goTo } from '../../place/address.js';
import { HOME, type OverviewPlace } from '../../place/route.js';
import { api } from '../../service/api.js';
import { now } from '../../service/clock.js';
import { feed, toldBy } from '../../service/live-feed.js';
import { pins } from '../../service/pins.js';
import { perHour, RecentChangesLoader, sinceMidnight } from '../../service/recent-changes.js';
import { watch } from '../../service/service-state.js';
import { verdictOf } from '../../service/verdict.js';
import { change } from '../../text/format.js';
import { wallTimeOf } from '../../text/moment.js';
import { Item } from '../overview/item.js';
import { pageOf } from '../overview/pages.js';

/** More are too small to be read across a room. */
const MOST = 12;
const RELOAD_MS = 60_000;
const CLOCK_MS = 1_000;

/** By the clock of the page's zone: then a wall is dark. */
const NIGHT_FROM_HOUR = 19;
const NIGHT_TO_HOUR = 7;

/** Big numbers for a screen on a wall: those that were pinned, else the first of the list. */
export function Wall({ place }: { readonly place: OverviewPlace }) {
  const { prefix, search, sort } = place;
  const pinned = pins.value;
  const items = useMemo(() => new Map<string, Item>(), []);
  const [shown, show] = useState<readonly Item[]>([]);
  useTitle('evercount');
  useNight();
  useLeave();
  const list = useFitting(shown.length);

  const { answer } = useLoad(
    async () => {
      if (pinned.length > 0) return (await api.reads(pinned.slice(0, MOST))).data.filter((found) => found !== null);
      return (await pageOf({ prefix, search, sort }, null, MOST)).items.slice(0, MOST);
    },
    [prefix, search, sort, pinned, zone()],
    { everyMs: RELOAD_MS },
  );
  useEffect(() => {
    if (answer === null) return undefined;
    const now = answer.map(({ name, value }) => {
      const item = items.get(name) ?? new Item(name, value);
      item.set(value, false);
      items.set(name, item);
      return item;
    });
    show(now);
    const loader = new RecentChangesLoader();
    for (const item of now) loader.load(item.name, (recent) => (item.recent.value = recent));
    return () => loader.close();
  }, [answer, items]);

  const names = shown.map(({ name }) => name);
  useEffect(() => {
    const set = (counters: readonly { readonly name: string; readonly value: number }[]) => {
      for (const { name, value } of counters) items.get(name)?.set(value, true);
    };
    const change = (counter: { readonly name: string; readonly value?: number }) =>
      items.get(counter.name)?.set(counter.value ?? 0, true);
    feed.watch({ names, prefix: null }, { anew: () => undefined, snapshot: set, change });
    return () => feed.stop();
  }, [JSON.stringify(names), items]);

  return (
    <div class="wall">
      <h1 class="unseen">Counters</h1>
      <Trouble />
      <ul ref={list}>
        {shown.map((item) => (
          <Tile key={item.name} item={item} />
        ))}
      </ul>
    </div>
  );
}

function Tile({ item }: { readonly item: Item }) {
  const marked = useMark(item.changes);
  const value = item.value.value;
  const recent = item.recent.value;
  return (
    <li class={marked ? 'changed' : undefined}>
      <span class="name">{item.name}</span>
      <BigNumber value={value} />
      <span class="trend">
        <span class="today">{recent === null ? '' : `${change(sinceMidnight(recent, value))} today`}</span>
        <span class="shape">{recent !== null && <Sparkline values={perHour(recent, value)} />}</span>
      </span>
    </li>
  );
}

/** Nothing is said while all is well. */
function Trouble() {
  useTick(CLOCK_MS);
  const { grade, text } = verdictOf(watch.state.value, toldBy(feed), now());
  return (
    <p class="verdict" role="status" data-grade={grade}>
      {grade === 'well' || grade === 'unknown' ? '' : text}
    </p>
  );
}

function useNight(): void {
  useTick(RELOAD_MS);
  const hour = Number(wallTimeOf(now(), zone()).slice(11, 13));
  const isNight = hour >= NIGHT_FROM_HOUR || hour < NIGHT_TO_HOUR;
  useEffect(() => {
    document.documentElement.classList.add('on-wall');
    document.documentElement.classList.toggle('by-night', isNight);
    return () => document.documentElement.classList.remove('on-wall', 'by-night');
  }, [isNight]);
}

/** Width to height of a tile in which a number of seven digits is as large as it can be. */
const TILE_RATIO = 2.4;

/** As many columns and rows as make the tiles as large as they can be on this screen. */
function useFitting(count: number) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const fit = () => {
      const ratio = window.innerWidth / window.innerHeight;
      const columns = Math.max(1, Math.min(count, Math.round(Math.sqrt((count * ratio) / TILE_RATIO))));
      list.current?.style.setProperty('--columns', String(columns));
      list.current?.style.setProperty('--rows', String(Math.ceil(count / columns)));
    };
    fit();
    window.addEventListener('resize', fit);
    return () => window.removeEventListener('resize', fit);
  }, [count]);
  return list;
}

/** Escape ends the full screen, and with it the wall. */
function useLeave(): void {
  useEffect(() => {
    const leave = () => {
      if (document.fullscreenElement === null) goTo(HOME);
    };
    document.addEventListener('fullscreenchange', leave);
    return () => {
      document.removeEventListener('fullscreenchange', leave);
      if (document.fullscreenElement !== null) void document.exitFullscreen();
    };
  }, []);
}
