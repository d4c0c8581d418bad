import { api, ApiError } from '../api.js';
import { BASE } from '../base.js';
import { every, h, setText } from '../dom.js';
import { number, plural } from '../format.js';
import type { Target } from '../live-feed.js';
import { hashOf, type Sort, SORTS } from '../route.js';
import type { Surroundings, View } from '../view.js';
import { CardGrid } from './card-grid.js';
import { choice } from './choice.js';
import { list, type Listing } from './listing.js';

const PAGE = 60;
/** As many as one page of the list holds. */
const MOST = 1_000;
/** New counters, and a new order. */
const RELIST_MS = 10_000;
/** After a failure. */
const RETRY_MS = 2_000;
/** A search starts when the typing pauses. */
const TYPING_MS = 200;
/** Of an address, which may have some 8,000. */
const WATCHED_CHARACTERS = 6_000;

const SORT_LABELS: Readonly<Record<Sort, string>> = { name: 'Name', value: 'Value', change: 'Change' };

/** All counters, or those that begin alike. */
export function overview({ feed, watch }: Surroundings, startPrefix: string, startSort: Sort): View {
  let [prefix, sort, limit, closed] = [startPrefix, startSort, PAGE, false];
  let round = 0;
  let watched = '';
  let retry: ReturnType<typeof setTimeout> | undefined;

  const grid = new CardGrid();
  const search = h('input', {
    type: 'search',
    placeholder: 'Search by prefix',
    'aria-label': 'Search counters by prefix',
    'aria-keyshortcuts': '/',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    maxlength: 255,
    value: prefix,
  });
  const total = h('p', { class: 'total' });
  const note = h('div', { class: 'note', role: 'status' });
  const more = h('button', { type: 'button', class: 'more', hidden: true, onclick: () => showMore() }, 'Show more');

  const options = SORTS.map((each) => [each, SORT_LABELS[each]] as const);
  const sorts = choice('Sort by', 'sort', options, sort, resort);

  const element = h(
    'div',
    { class: 'overview' },
    h('h1', { class: 'unseen' }, 'Counters'),
    h(
      'form',
      { class: 'tools', role: 'search', onsubmit: (event) => event.preventDefault() },
      search,
      h('kbd', { 'aria-hidden': 'true' }, '/'),
      sorts,
    ),
    total,
    note,
    grid.element,
    more,
  );

  async function relist(): Promise<void> {
    clearTimeout(retry);
    round += 1;
    const mine = round;
    try {
      const listing = await list(prefix, sort, limit);
      if (closed || mine !== round) return;
      show(listing);
      await showTotal(listing, mine);
    } catch (error) {
      if (closed || mine !== round) return;
      if (grid.size === 0) note.replaceChildren(h('p', { class: 'quiet' }, messageOf(error)));
      retry = setTimeout(() => void relist(), RETRY_MS);
    }
  }

  function show(listing: Listing): void {
    grid.show(listing.items);
    grid.element.removeAttribute('aria-busy');
    more.hidden = !listing.hasMore || limit >= MOST;
    note.replaceChildren(...notesOf(listing, prefix));
    const target = targetOf(listing, prefix);
    const key = JSON.stringify(target);
    if (key === watched) return;
    watched = key;
    feed.watch(target, {
      anew: () => {
        grid.reload();
        void relist();
      },
      snapshot: (counters) => {
        for (const { name, value } of counters) grid.setValue(name, value, true);
        if (target.prefix !== null && counters.some(({ name }) => !grid.has(name))) void relist();
      },
      change: (counter) => {
        if ('deleted' in counter) grid.remove(counter.name);
        else if (grid.has(counter.name)) grid.setValue(counter.name, counter.value, true);
        else if (target.prefix !== null) void relist();
      },
    });
  }

  async function showTotal(listing: Listing, mine: number): Promise<void> {
    try {
      const { count, sum } = await api.summary(prefix);
      if (!closed && mine === round) setText(total, `${plural(count, 'counter', 'counters')}, ${number(sum)} in all`);
    } catch (error) {
      if (closed || mine !== round || !(error instanceof ApiError)) return;
      const shown = plural(listing.items.length, 'counter', 'counters');
      setText(total, listing.items.length === 0 ? '' : listing.hasMore ? `The first ${shown}` : shown);
    }
  }

  function showMore(): void {
    limit = Math.min(limit + PAGE, MOST);
    void relist();
  }

  function resort(next: Sort): void {
    sort = next;
    anew();
  }

  function anew(): void {
    limit = PAGE;
    history.replaceState(null, '', hashOf({ view: 'overview', prefix, sort }));
    grid.element.setAttribute('aria-busy', 'true');
    void relist();
  }

  let typing: ReturnType<typeof setTimeout> | undefined;
  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      prefix = search.value;
      anew();
    }, TYPING_MS);
  });
  search.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowDown' || key === 'Enter') grid.focusFirst();
  });

  const stopTimer = every(RELIST_MS, () => void relist());
  // The list comes back as soon as the service does, and not some seconds later.
  let away = false;
  const stopListening = watch.listen(({ api: state }) => {
    if (away && state !== 'away') void relist();
    away = state === 'away';
  });
  note.replaceChildren(h('p', { class: 'quiet' }, 'Loading'));
  void relist();

  return {
    element,
    title: 'evercount',
    key: (event) => {
      if (event.key !== 'Escape' || search.value === '') return false;
      search.value = '';
      prefix = '';
      anew();
      search.focus();
      return true;
    },
    close: () => {
      closed = true;
      clearTimeout(retry);
      clearTimeout(typing);
      stopTimer();
      stopListening();
      grid.close();
    },
  };
}

/**
 * All there are where all are shown, so that new ones come in at once; else those that are shown, as far as their names
 * fit into an address. A service watches few prefixes, and what is typed into the search would use them up.
 */
function targetOf({ items, hasMore }: Listing, prefix: string): Target {
  if (prefix === '' && !hasMore && items.length <= PAGE) return { names: [], prefix };
  const names: string[] = [];
  let room = WATCHED_CHARACTERS;
  for (const { name } of items) {
    room -= encodeURIComponent(name).length + '&name='.length;
    if (room < 0) break;
    names.push(name);
  }
  return { names, prefix: null };
}

function notesOf({ items, partial }: Listing, prefix: string): Node[] {
  if (partial)
    return [h('p', { class: 'quiet' }, 'Sorted among the first 1,000 by name: this service keeps no ranks.')];
  if (items.length > 0) return [];
  if (prefix !== '') return [h('p', { class: 'quiet' }, `No counter begins with “${prefix}”.`)];
  const call = `curl -X POST ${BASE}/v1/counters/hello/increment`;
  return [h('p', { class: 'quiet' }, 'There are no counters yet. The first increment makes one:'), h('pre', {}, call)];
}

function messageOf(error: unknown): string {
  if (error instanceof ApiError && error.status === 403) return 'This key may not list counters here.';
  return error instanceof ApiError && error.isAway
    ? 'The counters cannot be had right now; trying again.'
    : String(error);
}
