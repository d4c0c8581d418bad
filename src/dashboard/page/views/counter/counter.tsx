import { type Signal, signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { BigNumber, useMark } from '../../parts/big-number.js';
import { type FactList, Facts } from '../../parts/facts.js';
import { useLoad } from '../../parts/use-load.js';
import { useTitle } from '../../parts/use-title.js';
import { hashOf } from '../../place/hash.js';
import { type CounterPlace, HOME } from '../../place/route.js';
import { api, type ApiError } from '../../service/api.js';
import { feed } from '../../service/live-feed.js';
import { pins, togglePin } from '../../service/pins.js';
import { may } from '../../service/session.js';
import type { Counter } from '../../service/shapes.js';
import { instant, number } from '../../text/format.js';
import { Share } from '../share.js';
import { WatchesOf } from '../watches/watches-of.js';
import { Acts } from './acts.js';
import { HistoryPanel } from './history-panel.js';
import { Snippets } from './snippets.js';

/** What is known of the counter. */
type Known =
  | { readonly is: 'unknown' }
  | { readonly is: 'there'; readonly counter: Counter }
  | { readonly is: 'absent'; readonly text: string };

const NEVER = 'There is no counter with this name. The first increment makes one.';
const DELETED = 'This counter was deleted while you looked.';

/** One counter. */
export function CounterView({ place }: { readonly place: CounterPlace }) {
  const { name } = place;
  const { known, changes, generation, fault } = useCounter(name);
  const marked = useMark(changes);
  const counter = known.is === 'there' ? known.counter : null;
  const last = useRef<number | null>(null);
  if (counter !== null) last.current = counter.value;
  useTitle(`${counter === null ? '' : `${number(counter.value)} · `}${name} · evercount`);
  return (
    <div class={known.is === 'absent' ? 'counter gone' : 'counter'}>
      <a class="back" href={hashOf(HOME)}>
        All counters
      </a>
      <div class="titled">
        <h1>{name}</h1>
        <Pin name={name} />
      </div>
      <div class="head">
        <p class={marked ? 'changed' : undefined}>
          <BigNumber value={last.current} />
        </p>
        {counter !== null && <Facts facts={factsOf(counter)} />}
      </div>
      <p class="quiet" role="status">
        {known.is === 'absent' ? known.text : fault !== null && !fault.isAway ? fault.message : ''}
      </p>
      {known.is !== 'unknown' && may('write') && <Acts name={name} counter={counter} />}
      <WatchesOf name={name} />
      {known.is !== 'absent' && (
        <HistoryPanel
          place={place}
          value={counter?.value ?? null}
          createdAt={counter?.createdAt ?? null}
          generation={generation}
        />
      )}
      <Snippets name={name} />
      {may('admin') && known.is === 'there' && <Share shown={{ name }} />}
    </div>
  );
}

function Pin({ name }: { readonly name: string }) {
  const isPinned = pins.value.includes(name);
  return (
    <button type="button" class="pin" aria-pressed={isPinned} onClick={() => togglePin(name)}>
      {isPinned ? 'Pinned' : 'Pin'}
    </button>
  );
}

interface Followed {
  readonly known: Known;
  readonly changes: Signal<number>;
  /** Rises when what was told before may be lost. */
  readonly generation: number;
  readonly fault: ApiError | null;
}

/** Follows one counter: asks for it, and is told of its changes. */
function useCounter(name: string): Followed {
  const [known, setKnown] = useState<Known>({ is: 'unknown' });
  const [generation, setGeneration] = useState(0);
  const changes = useMemo(() => signal(0), []);
  const newest = useRef<Counter | null>(null);
  /** Whether what is known may be lost. */
  const doubted = useRef(false);

  const take = (counter: Counter) => {
    const before = newest.current;
    if (before !== null && counter.version < before.version && !doubted.current) return;
    doubted.current = false;
    if (before !== null && counter.version !== before.version) changes.value += 1;
    newest.current = counter;
    setKnown({ is: 'there', counter });
  };
  const lose = (text: string) => {
    newest.current = null;
    doubted.current = false;
    setKnown({ is: 'absent', text });
  };

  const { answer, fault } = useLoad(() => api.counter(name), [name, generation]);
  useEffect(() => {
    if (answer !== null) take(answer);
  }, [answer]);
  useEffect(() => {
    if (fault?.status === 404) lose(NEVER);
  }, [fault]);

  useEffect(() => {
    feed.watch(
      { names: [name], prefix: null },
      {
        anew: () => {
          doubted.current = true;
          // An answer that is still to come may be of before.
          setGeneration((count) => count + 1);
        },
        snapshot: (counters) => {
          const found = counters.find((counter) => counter.name === name);
          if (found !== undefined) take(found);
          // It went while the stream was interrupted.
          else if (newest.current !== null) lose(DELETED);
        },
        change: (counter) => {
          if (counter.name !== name) return;
          if ('deleted' in counter) lose(DELETED);
          else take(counter);
        },
      },
    );
    return () => feed.stop();
  }, [name]);
  return { known, changes, generation, fault };
}

function factsOf(counter: Counter): FactList {
  const bound = (value: number | null) => (value === null ? 'none' : number(value));
  return [
    ['Changed', instant(counter.updatedAt)],
    ['Created', instant(counter.createdAt)],
    ['Version', number(counter.version)],
    ['Lowest allowed', bound(counter.min)],
    ['Highest allowed', bound(counter.max)],
    ...(counter.expiresAt === null ? [] : [['Ends', instant(counter.expiresAt)] as const]),
  ];
}
