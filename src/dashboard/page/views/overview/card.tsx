import { hashOf } from '../../place/hash.js';
import { counterAt } from '../../place/route.js';
import { BigNumber, useMark } from '../../parts/big-number.js';
import { Sparkline } from '../../parts/sparkline.js';
import { perHour, sinceMidnight } from '../../service/recent-changes.js';
import { change } from '../../text/format.js';
import type { Item } from './item.js';

interface Props {
  readonly item: Item;
  readonly place: number;
  /** Null where it is not known how many there are. */
  readonly count: number | null;
}

/** One counter of the overview: its name, its number, its last 24 hours. */
export function Card({ item, place, count }: Props) {
  const marked = useMark(item.changes);
  const value = item.value.value;
  const recent = item.recent.value;
  return (
    <li class={marked ? 'changed' : undefined} aria-posinset={place + 1} aria-setsize={count ?? -1}>
      <a href={hashOf(counterAt(item.name))} class="card" data-place={place}>
        <span class="name" title={item.name}>
          {item.name}
        </span>
        <BigNumber value={value} />
        <span class="trend">
          <span class="today">{changeOf(item)}</span>
          <span class="shape">{recent !== null && <Sparkline values={perHour(recent, value)} />}</span>
        </span>
      </a>
    </li>
  );
}

function changeOf({ rankedChange, recent, value }: Item): string {
  if (rankedChange.value !== null) return `${change(rankedChange.value)} in 24 h`;
  return recent.value === null ? '' : `${change(sinceMidnight(recent.value, value.value))} today`;
}
