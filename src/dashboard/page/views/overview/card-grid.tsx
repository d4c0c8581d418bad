import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Card } from './card.js';
import type { CounterList } from './counter-list.js';

/** Cards that are kept before and after those in sight; of a hundred thousand the page holds some hundreds. */
const SPARE = 120;
/** Rows come and go so many at a time, so that little is done while one scrolls. */
const ROWS_AT_ONCE = 4;
/** Until they are measured: about what a window shows, which is there the sooner without what it does not show. */
const FIRST: Sight = { first: 0, last: 24, columns: 1, rowPx: 0 };

/** Which cards can be seen, and how they lie. */
export interface Sight {
  readonly first: number;
  /** The place after the last. */
  readonly last: number;
  readonly columns: number;
  readonly rowPx: number;
}

interface Props {
  readonly list: CounterList;
  readonly onSight: (sight: Sight) => void;
}

/** The cards in their order, moved through with the arrow keys. */
export function CardGrid({ list, onSight }: Props) {
  const items = list.items.value;
  const grid = useRef<HTMLUListElement>(null);
  const wanted = useRef<number | null>(null);
  const [sight, see] = useState(FIRST);

  const measure = useRef(() => {
    const found = grid.current === null ? null : sightOf(grid.current);
    if (found === null) return;
    see((before) => (same(before, found) ? before : found));
  }).current;
  useEffect(() => {
    const observer = new ResizeObserver(measure);
    if (grid.current !== null) observer.observe(grid.current);
    window.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      window.removeEventListener('scroll', measure);
    };
  }, [measure]);
  useEffect(() => onSight(sight), [sight, items, onSight]);

  const { columns, rowPx } = sight;
  const rows = Math.ceil(items.length / columns);
  const spareRows = rowPx === 0 ? 0 : Math.ceil(SPARE / columns);
  const firstRow = Math.max(0, Math.floor(sight.first / columns) - spareRows);
  const endRow = Math.min(rows, Math.ceil(sight.last / columns) + spareRows);
  useLayoutEffect(() => {
    if (grid.current === null) return;
    grid.current.style.paddingTop = `${firstRow * rowPx}px`;
    grid.current.style.paddingBottom = `${Math.max(0, rows - endRow) * rowPx}px`;
    if (wanted.current !== null && focusPlace(grid.current, wanted.current)) wanted.current = null;
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const at = placeOf(document.activeElement);
    if (at === null || grid.current === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = stepFrom(at, event.key, columns, items.length);
    if (next === null) return;
    event.preventDefault();
    if (next < 0) document.querySelector<HTMLInputElement>('input[type=search]')?.focus();
    else if (!focusPlace(grid.current, next)) {
      wanted.current = next;
      const top = grid.current.getBoundingClientRect().top + window.scrollY;
      window.scrollTo(0, top + Math.floor(next / columns) * rowPx - window.innerHeight / 2);
    }
  };

  return (
    <ul ref={grid} class="grid" aria-busy={list.busy.value ? 'true' : undefined} onKeyDown={onKeyDown}>
      {items.slice(firstRow * columns, endRow * columns).map((item, index) => (
        <Card
          key={item.name}
          item={item}
          place={firstRow * columns + index}
          count={list.hasMore.value ? null : items.length}
        />
      ))}
    </ul>
  );
}

function sightOf(grid: HTMLElement): Sight | null {
  const card = grid.firstElementChild;
  if (card === null) return null;
  const columns = Math.max(1, getComputedStyle(grid).gridTemplateColumns.split(' ').length);
  const rowPx = card.getBoundingClientRect().height;
  if (rowPx === 0) return null;
  const { top } = grid.getBoundingClientRect();
  const rowAt = (px: number) => Math.max(0, (px - top) / rowPx / ROWS_AT_ONCE);
  const first = Math.floor(rowAt(0)) * ROWS_AT_ONCE * columns;
  const last = Math.ceil(rowAt(window.innerHeight)) * ROWS_AT_ONCE * columns;
  return { first, last: Math.max(last, first + columns), columns, rowPx };
}

const same = (one: Sight, other: Sight): boolean =>
  one.first === other.first && one.last === other.last && one.columns === other.columns && one.rowPx === other.rowPx;

function placeOf(element: Element | null): number | null {
  const place = element instanceof HTMLElement ? element.dataset['place'] : undefined;
  return place === undefined ? null : Number(place);
}

/** Answers whether the card was there to take the focus. */
function focusPlace(grid: HTMLElement, place: number): boolean {
  const link = grid.querySelector<HTMLElement>(`[data-place="${place}"]`);
  link?.focus();
  return link !== null;
}

/** Where a key leads; below zero to what is above the cards, null nowhere. */
function stepFrom(at: number, key: string, columns: number, count: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -at,
    End: count - 1 - at,
  };
  const step = steps[key];
  return step === undefined || step === 0 ? null : Math.min(at + step, count - 1);
}
