/** Where the page is: a part of the address, so that each place has a link and the browser's buttons work. */
export type Route =
  | OverviewPlace
  | TreePlace
  | CounterPlace
  | { readonly view: 'watches' }
  | { readonly view: 'operations' }
  | { readonly view: 'keys' }
  | AuditPlace
  | { readonly view: 'unknown' };

export interface OverviewPlace {
  readonly view: 'overview';
  /** The names begin with it; */
  readonly prefix: string;
  /** and contain it. */
  readonly search: string;
  readonly sort: Sort;
  /** Big numbers and nothing else, for a screen on a wall. */
  readonly wall: boolean;
}

export interface TreePlace {
  readonly view: 'tree';
  readonly prefix: string;
  /** What parts the names. */
  readonly separator: Separator;
}

export interface CounterPlace {
  readonly view: 'counter';
  readonly name: string;
  /** A period that ends now; null: from and to say which. */
  readonly range: Range | null;
  /** Milliseconds since 1970; null where there is a range. */
  readonly from: number | null;
  readonly to: number | null;
  readonly draw: Drawn;
  /** Others on the same chart. */
  readonly others: readonly string[];
  /** Whether the period before is shown too. */
  readonly previous: boolean;
}

/** Which deeds are shown; '' and null: any. */
export interface AuditPlace {
  readonly view: 'audit';
  readonly action: string;
  /** About this counter, key or link, and done by this key. */
  readonly subject: string;
  readonly actor: string;
  /** Milliseconds since 1970: not before the one, and before the other. */
  readonly from: number | null;
  readonly to: number | null;
}

export const SORTS = ['name', 'value', 'change'] as const;
export type Sort = (typeof SORTS)[number];

export const RANGES = ['1h', '24h', '7d', '30d', '90d'] as const;
export type Range = (typeof RANGES)[number];

/** A value always rises: what it rose by says more. */
const DRAWN = ['delta', 'value'] as const;
export type Drawn = (typeof DRAWN)[number];

export const SEPARATORS = [':', '/'] as const;
export type Separator = (typeof SEPARATORS)[number];

/** More lines than these nobody tells apart. */
export const MOST_COMPARED = 5;

export const HOME = {
  view: 'overview',
  prefix: '',
  search: '',
  sort: 'name',
  wall: false,
} as const satisfies OverviewPlace;

export const AUDIT = {
  view: 'audit',
  action: '',
  subject: '',
  actor: '',
  from: null,
  to: null,
} as const satisfies AuditPlace;

/** A counter, looked at as one does first. */
export const counterAt = (name: string): CounterPlace => ({
  view: 'counter',
  name,
  range: '24h',
  from: null,
  to: null,
  draw: 'delta',
  others: [],
  previous: true,
});

/** What the address of a counter begins with; its name follows. */
export const COUNTER = '#/counters/';

/** @param hash of the address, `#` included */
export function routeOf(hash: string): Route {
  const [path = '', search = ''] = hash.split('?', 2);
  const query = new URLSearchParams(search);
  const prefix = query.get('prefix') ?? '';
  switch (path) {
    case '':
    case '#':
    case '#/': {
      const sort = SORTS.find((known) => known === query.get('sort')) ?? 'name';
      return { view: 'overview', prefix, search: query.get('search') ?? '', sort, wall: query.has('wall') };
    }
    case '#/tree':
      return { view: 'tree', prefix, separator: SEPARATORS.find((known) => known === query.get('by')) ?? ':' };
    case '#/watches':
      return { view: 'watches' };
    case '#/operations':
      return { view: 'operations' };
    case '#/keys':
      return { view: 'keys' };
    case '#/audit': {
      const [action = '', subject = '', actor = ''] = ['action', 'subject', 'actor'].map(
        (part) => query.get(part) ?? '',
      );
      return {
        view: 'audit',
        action,
        subject,
        actor,
        from: momentIn(query.get('from')),
        to: momentIn(query.get('to')),
      };
    }
    default:
      return counterIn(path, query) ?? { view: 'unknown' };
  }
}

function counterIn(path: string, query: URLSearchParams): CounterPlace | null {
  const name = path.startsWith(COUNTER) ? decoded(path.slice(COUNTER.length)) : null;
  if (name === null || name === '') return null;
  const [from, to] = [momentIn(query.get('from')), momentIn(query.get('to'))];
  const between = from !== null && to !== null && from < to;
  const others = [...new Set(query.getAll('with'))].filter((other) => other !== name && other !== '');
  return {
    view: 'counter',
    name,
    range: between ? null : (RANGES.find((known) => known === query.get('range')) ?? '24h'),
    from: between ? from : null,
    to: between ? to : null,
    draw: DRAWN.find((known) => known === query.get('draw')) ?? 'delta',
    others: others.slice(0, MOST_COMPARED - 1),
    previous: query.get('previous') !== 'no',
  };
}

/** Whether it is the list of counters, which most people come to first, and which the page shows without any other script. */
export const isList = (place: Route): boolean => place.view === 'unknown' || (place.view === 'overview' && !place.wall);

/** The zone that a place is looked at in; null where it does not say. */
export function zoneOf(hash: string): string | null {
  return new URLSearchParams(hash.split('?', 2)[1] ?? '').get('tz');
}

function momentIn(text: string | null): number | null {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? null : ms;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
