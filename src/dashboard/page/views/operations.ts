import { now } from '../clock.js';
import { h, setText } from '../dom.js';
import { ago, number, plural, span } from '../format.js';
import { hashOf } from '../route.js';
import type { ServiceState } from '../service-state.js';
import type { CacheState, Drift, Job } from '../shapes.js';
import type { Surroundings, View } from '../view.js';
import { actions, progressOf } from './actions.js';

const DRIFT_EXPLAINED =
  'Drift is an entry in the cache that disagrees with the truth in Postgres. “Behind” is older for longer than any ' +
  'publish takes: an instance ended between a commit and its publish. “Wrong” was never committed: a hand wrote to ' +
  'Redis, or this service has a fault. Either is repaired when it is found.';

/** The cache and its jobs, for those who run the service. */
export function operationsView({ watch }: Surroundings): View {
  const note = h('p', { class: 'quiet', role: 'status' });
  const facts = h('dl', { class: 'facts' });
  const drift = h('div');
  const jobs = h('div');
  const buttons = actions(watch);
  const panels = h(
    'div',
    { class: 'panels' },
    section('Cache', facts),
    section('By hand', buttons.element),
    section('Drift', h('p', { class: 'quiet' }, DRIFT_EXPLAINED), drift),
    section('Jobs', jobs),
  );

  let shown = '';
  const show = (state: ServiceState) => {
    setText(note, noteOf(state));
    panels.hidden = state.cache === null && state.api !== 'away';
    if (state.cache === null) return;
    const nowMs = now();
    facts.replaceChildren(
      ...factsOf(state.cache).map(([label, text]) => h('div', {}, h('dt', {}, label), h('dd', {}, text))),
    );
    jobs.replaceChildren(...jobsOf(state.cache, nowMs));
    const found = driftOf(state.cache);
    const key = JSON.stringify(found);
    if (key !== shown) drift.replaceChildren(driftTable(found));
    shown = key;
  };
  const stopListening = watch.listen(show);

  return {
    element: h('div', { class: 'operations' }, h('h1', {}, 'Operations'), note, panels),
    title: 'Operations · evercount',
    key: ({ key }) => {
      if (key !== 'Escape') return false;
      location.hash = hashOf({ view: 'overview', prefix: '', sort: 'name' });
      return true;
    },
    close: () => {
      stopListening();
      buttons.close();
    },
  };
}

function section(title: string, ...children: Node[]): HTMLElement {
  const id = `section-${title.toLowerCase().replace(' ', '-')}`;
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, title), ...children);
}

function noteOf({ api, cache }: ServiceState): string {
  if (api === 'away') return 'The service does not answer. What is below was true when it last did.';
  if (api === 'restricted') return 'This needs a key with the scope "admin".';
  return cache === null ? 'Loading' : '';
}

function factsOf(cache: CacheState): readonly (readonly [string, string])[] {
  const { guard, server, permission, epoch, entries, sentinel, reads, lastRehydrate } = cache;
  const rehydrated =
    lastRehydrate === null
      ? 'not yet'
      : `${plural(lastRehydrate.report.filled, 'counter', 'counters')}, ${ago(lastRehydrate.finishedAt, now())}`;
  return [
    ['Served from the cache', permission ? 'yes' : guard === 'unverified' ? 'yes, unverified' : 'no'],
    ['Server of Redis', server === undefined ? 'not known' : `${server.address}, ${server.role ?? 'away'}`],
    ['Entries', entries === null ? 'not known' : number(entries)],
    ['Guard', guard ?? (permission ? 'serving' : 'waiting')],
    ['Epoch', epoch ?? 'not known'],
    ['Flush found', sentinel === null ? 'not known' : sentinel ? 'none' : 'just now'],
    ['Reads since start', reads === undefined ? 'not known' : readsOf(reads)],
    ['Last filled', rehydrated],
  ];
}

function readsOf({ hits, misses, bypasses }: NonNullable<CacheState['reads']>): string {
  return `${number(hits)} hits, ${number(misses)} misses, ${number(bypasses)} from Postgres`;
}

/** Of the last run, and of the runs before that are still known. */
function driftOf({ lastReconcile, queue }: CacheState): readonly { readonly at: string; readonly drift: Drift }[] {
  const runs = new Map<string, readonly Drift[]>();
  for (const { finishedAt, result } of queue.recent ?? []) {
    if (finishedAt !== null && result?.drift !== undefined) runs.set(finishedAt, result.drift);
  }
  if (lastReconcile !== null) runs.set(lastReconcile.finishedAt, lastReconcile.report.drift);
  const newestFirst = [...runs].sort(([a], [b]) => (a < b ? 1 : -1));
  return newestFirst.flatMap(([at, found]) => found.map((drift) => ({ at, drift })));
}

function driftTable(found: ReturnType<typeof driftOf>): HTMLElement {
  if (found.length === 0) return h('p', { class: 'calm' }, 'No drift in any run that is remembered.');
  const shown = (value: number | null) => (value === null ? 'none' : number(value));
  const rows = found.map(({ at, drift }) =>
    h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        h('a', { href: hashOf({ view: 'counter', name: drift.name, range: '24h' }) }, drift.name),
      ),
      h('td', {}, drift.kind),
      h('td', {}, shown(drift.cached.value)),
      h('td', {}, shown(drift.true.value)),
      h('td', {}, drift.ageMs === null ? 'not known' : span(drift.ageMs)),
      h('td', {}, h('time', { datetime: at }, ago(at, now()))),
    ),
  );
  return table(
    'Entries that disagreed with the truth',
    ['Counter', 'Kind', 'Cached', 'True', 'At most for', 'Found'],
    rows,
  );
}

function jobsOf({ queue }: CacheState, nowMs: number): HTMLElement[] {
  if (queue.state === 'down') {
    return [h('p', {}, 'The queue cannot be reached. Reconciliation goes on in each instance without it.')];
  }
  const schedules = (queue.schedules ?? []).map(({ kind, everyMs, nextAt }) => {
    const next = nextAt === null ? '' : `, next in ${span(Math.max(0, Date.parse(nextAt) - nowMs))}`;
    return h('div', {}, h('dt', {}, kind), h('dd', {}, `every ${span(everyMs)}${next}`));
  });
  const { waiting = 0, active = 0, failed = 0 } = queue.jobs ?? {};
  const counts = `${number(waiting)} waiting, ${number(active)} running, ${number(failed)} failed`;
  const list = h('dl', { class: 'facts' }, ...schedules, h('div', {}, h('dt', {}, 'Now'), h('dd', {}, counts)));
  const recent = queue.recent ?? [];
  if (recent.length === 0) return [list];
  return [
    list,
    table(
      'Latest jobs',
      ['Job', 'When', 'What became of it'],
      recent.map((job) => jobRow(job, nowMs)),
    ),
  ];
}

function jobRow(job: Job, nowMs: number): HTMLTableRowElement {
  const at = job.finishedAt ?? job.createdAt;
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, job.kind),
    h('td', {}, h('time', { datetime: at }, ago(at, nowMs))),
    h('td', {}, progressOf(job)),
  );
}

function table(caption: string, titles: readonly string[], rows: readonly HTMLTableRowElement[]): HTMLElement {
  const head = h('tr', {}, ...titles.map((title) => h('th', { scope: 'col' }, title)));
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', { class: 'unseen' }, caption), h('thead', {}, head), h('tbody', {}, ...rows)),
  );
}
