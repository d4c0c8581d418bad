import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { type FactList, Facts } from '../../parts/facts.js';
import { useEvents } from '../../parts/use-events.js';
import { useTick } from '../../parts/use-tick.js';
import { useTitle } from '../../parts/use-title.js';
import { now } from '../../service/clock.js';
import { type ServiceState, watch } from '../../service/service-state.js';
import type { CacheState } from '../../service/shapes.js';
import { ago, number, plural } from '../../text/format.js';
import { Actions } from './actions.js';
import { Drift } from './drift.js';
import { Going } from './going.js';
import { Jobs } from './jobs.js';

/** Times are told as ages. */
const AGES_MS = 5_000;

/** The cache and its jobs, for those who run the service. */
export function Operations() {
  useEvents();
  useTitle('Operations · evercount');
  useTick(AGES_MS);
  const state = watch.state.value;
  const last = useRef<CacheState | null>(null);
  if (state.api !== 'away') last.current = state.cache;
  const cache = last.current;
  return (
    <div class="operations">
      <h1>Operations</h1>
      <p class="quiet" role="status">
        {noteOf(state)}
      </p>
      {cache !== null && <Going />}
      {cache !== null && (
        <div class="panels">
          <Panel title="Cache">
            <Facts facts={factsOf(cache)} />
          </Panel>
          <Panel title="By hand">
            <Actions />
          </Panel>
          <Panel title="Drift">
            <Drift state={cache} />
          </Panel>
          <Panel title="Jobs">
            <Jobs queue={cache.queue} />
          </Panel>
        </div>
      )}
    </div>
  );
}

function Panel({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  const id = `section-${title.toLowerCase().replace(' ', '-')}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

function noteOf({ api, cache }: ServiceState): string {
  if (api === 'away') return 'The service does not answer. What is below was true when it last did.';
  if (api === 'restricted') return 'This needs a key with the scope "admin".';
  return cache === null ? 'Loading' : '';
}

function factsOf(cache: CacheState): FactList {
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
