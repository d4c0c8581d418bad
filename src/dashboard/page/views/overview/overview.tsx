import { useCallback, useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { Choice } from '../../parts/choice.js';
import { every, useLoad } from '../../parts/use-load.js';
import { useTitle } from '../../parts/use-title.js';
import { restate } from '../../place/address.js';
import { type OverviewPlace, type Sort, SORTS } from '../../place/route.js';
import { zone } from '../../place/zone.js';
import { api } from '../../service/api.js';
import { PAGE } from '../../service/paths.js';
import { may } from '../../service/session.js';
import { watch } from '../../service/service-state.js';
import { number, plural } from '../../text/format.js';
import { startWall } from '../wall/start.js';
import { CardGrid, type Sight } from './card-grid.js';
import { CounterList } from './counter-list.js';
import { NewCounter } from './new-counter.js';
import { Notes } from './notes.js';
import { Search } from './search.js';
import { useLiveList } from './use-live-list.js';

/** New counters, and a new order. */
const RELIST_MS = 10_000;

const SORT_LABELS: Readonly<Record<Sort, string>> = { name: 'Name', value: 'Value', change: 'Change' };
const SORT_OPTIONS = SORTS.map((each) => [each, SORT_LABELS[each]] as const);

/** All counters, or those that were searched for. */
export function Overview({ place }: { readonly place: OverviewPlace }) {
  const { prefix, search, sort } = place;
  const shownIn = zone();
  const list = useMemo(() => new CounterList(), []);
  const [sight, setSight] = useState<Sight | null>(null);
  useTitle('evercount');

  // Before anything is painted: what was asked for early may be there already.
  useLayoutEffect(() => list.want({ prefix, search, sort }), [list, prefix, search, sort, shownIn]);
  useEffect(() => {
    const stopTimer = every(RELIST_MS, () => void list.refresh(list.lookedAt));
    const stopListening = watch.whenBack(() => void list.revive());
    return () => {
      stopTimer();
      stopListening();
      list.close();
    };
  }, [list]);
  useLiveList(list, { prefix, search }, sight);

  const onSight = useCallback(
    (seen: Sight) => {
      list.lookedAt = seen.first;
      setSight(seen);
      const items = list.items.peek();
      list.loadRecent(items.slice(seen.first, seen.last));
      if (seen.last + PAGE > items.length) void list.more();
    },
    [list],
  );

  return (
    <div class="overview">
      <h1 class="unseen">Counters</h1>
      <form class="tools" role="search" onSubmit={(event) => event.preventDefault()}>
        <Search place={place} />
        <Choice
          legend="Sort by"
          name="sort"
          options={SORT_OPTIONS}
          chosen={sort}
          onChoose={(next) => restate({ ...place, sort: next })}
        />
        <span class="more-ways">
          {may('write') && <NewCounter />}
          <button type="button" onClick={() => startWall(sort)}>
            Wall
          </button>
        </span>
      </form>
      <Total list={list} prefix={prefix} search={search} />
      <Notes list={list} place={place} />
      <CardGrid list={list} onSight={onSight} />
      <End list={list} place={place} />
    </div>
  );
}

interface TotalProps {
  readonly list: CounterList;
  readonly prefix: string;
  readonly search: string;
}

/** How many there are, and what they come to. */
function Total({ list, prefix, search }: TotalProps) {
  const { answer, fault, stale } = useLoad(() => api.summary(prefix), [prefix, list.generation.value], {
    everyMs: RELIST_MS,
  });
  const shown = list.items.value.length;
  const textOf = (): string => {
    if (search !== '' || fault !== null) {
      if (shown === 0) return '';
      const counted = plural(shown, 'counter', 'counters');
      return list.hasMore.value || list.left.value !== null ? `The first ${counted}` : counted;
    }
    if (answer === null || (stale && shown === 0)) return '';
    // Errors and orders are no sum; what begins alike may be one.
    const counted = plural(answer.count, 'counter', 'counters');
    return prefix === '' ? counted : `${counted}, ${number(answer.sum)} in all`;
  };
  return <p class="total">{textOf()}</p>;
}

/** A list that ends says why. */
function End({ list, place }: { readonly list: CounterList; readonly place: OverviewPlace }) {
  const count = list.items.value.length;
  if (count === 0) return null;
  if (list.hasMore.value) return <p class="end quiet">Loading more</p>;
  if (list.left.value === 'ranks') {
    const byName = () => restate({ ...place, sort: 'name' });
    return (
      <p class="end quiet">
        These are the first {count} by {place.sort}.{' '}
        <button type="button" class="link" onClick={byName}>
          Show all by name
        </button>
      </p>
    );
  }
  return count > PAGE ? <p class="end quiet">That is all: {plural(count, 'counter', 'counters')}.</p> : null;
}
