import { api, ApiError } from '../api.js';
import { h, setText } from '../dom.js';
import { instant, number } from '../format.js';
import { hashOf, type Range } from '../route.js';
import type { Counter } from '../shapes.js';
import type { Surroundings, View } from '../view.js';
import { HistoryPanel } from './history-panel.js';

const RETRY_MS = 2_000;
const MARK_MS = 900;

/** One counter. */
export function counterView({ feed, watch }: Surroundings, name: string, range: Range): View {
  const value = h('p', { class: 'number' }, '–');
  const facts = h('dl', { class: 'facts' });
  const note = h('p', { class: 'quiet', role: 'status' });
  const panel = new HistoryPanel(name, range, (next) => {
    history.replaceState(null, '', hashOf({ view: 'counter', name, range: next }));
  });
  const back = hashOf({ view: 'overview', prefix: '', sort: 'name' });
  const element = h(
    'div',
    { class: 'counter' },
    h('a', { class: 'back', href: back }, 'All counters'),
    h('h1', {}, name),
    h('div', { class: 'head' }, value, facts),
    note,
    panel.element,
  );

  let known: Counter | null = null;
  /** Whether what is known may be lost. */
  let doubted = false;
  let closed = false;
  let round = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let mark: ReturnType<typeof setTimeout> | undefined;

  const take = (counter: Counter) => {
    if (known !== null && counter.version < known.version && !doubted) return;
    doubted = false;
    if (known !== null && counter.version !== known.version) {
      clearTimeout(mark);
      value.classList.add('changed');
      mark = setTimeout(() => value.classList.remove('changed'), MARK_MS);
    }
    known = counter;
    setText(note, '');
    element.classList.remove('gone');
    if (panel.element.hidden) void panel.load();
    panel.element.hidden = false;
    panel.setValue(counter.value);
    const text = number(counter.value);
    value.style.setProperty('--characters', String(text.length));
    setText(value, text);
    showFacts(facts, counter);
  };

  const gone = (text: string) => {
    known = null;
    doubted = false;
    element.classList.add('gone');
    panel.element.hidden = true;
    setText(note, text);
    facts.replaceChildren();
  };

  const load = async () => {
    clearTimeout(retry);
    round += 1;
    const mine = round;
    try {
      const counter = await api.counter(name);
      if (!closed && mine === round) take(counter);
    } catch (error) {
      if (closed || mine !== round || !(error instanceof ApiError)) return;
      if (error.status === 404) gone('There is no counter with this name. The first increment makes one.');
      else if (error.isAway) retry = setTimeout(() => void load(), RETRY_MS);
      else setText(note, error.message);
    }
  };

  feed.watch(
    { names: [name], prefix: null },
    {
      anew: () => {
        doubted = true;
        // An answer that is still to come may be of before.
        clearTimeout(retry);
        round += 1;
        void panel.load();
      },
      snapshot: (counters) => {
        const found = counters.find((counter) => counter.name === name);
        if (found !== undefined) take(found);
        // It went while the stream was interrupted.
        else if (known !== null) gone('This counter was deleted while you looked.');
      },
      change: (counter) => {
        if (counter.name !== name) return;
        if ('deleted' in counter) gone('This counter was deleted while you looked.');
        else take(counter);
      },
    },
  );
  let away = false;
  const stopListening = watch.listen(({ api: state }) => {
    if (away && state !== 'away') void Promise.all([load(), panel.load()]);
    away = state === 'away';
  });
  void load();

  return {
    element,
    title: `${name} · evercount`,
    key: ({ key }) => {
      if (key !== 'Escape') return false;
      location.hash = back;
      return true;
    },
    close: () => {
      closed = true;
      clearTimeout(retry);
      clearTimeout(mark);
      stopListening();
      panel.close();
    },
  };
}

function showFacts(list: HTMLDListElement, counter: Counter): void {
  const bounds = [counter.min, counter.max].map((bound) => (bound === null ? 'none' : number(bound)));
  const facts: readonly (readonly [string, string])[] = [
    ['Changed', instant(counter.updatedAt)],
    ['Created', instant(counter.createdAt)],
    ['Version', number(counter.version)],
    ['Lowest allowed', bounds[0] ?? ''],
    ['Highest allowed', bounds[1] ?? ''],
  ];
  const items = [...list.querySelectorAll('dd')];
  if (items.length === facts.length) {
    for (const [index, [, text]] of facts.entries()) {
      const item = items[index];
      if (item !== undefined) setText(item, text);
    }
    return;
  }
  list.replaceChildren(...facts.map(([label, text]) => h('div', {}, h('dt', {}, label), h('dd', {}, text))));
}
