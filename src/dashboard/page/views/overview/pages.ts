import { api, ApiError } from '../../service/api.js';
import type { Sort } from '../../place/route.js';

/** Which counters, and in which order. */
export interface Wanted {
  /** Their names begin with it; */
  readonly prefix: string;
  /** and contain it. */
  readonly search: string;
  readonly sort: Sort;
}

export interface Listed {
  readonly name: string;
  readonly value: number;
  /** In 24 hours, where the list is sorted by it. */
  readonly change: number | null;
}

export interface ListPage {
  readonly items: readonly Listed[];
  /** Where the page after this one begins; null where this is the last. */
  readonly next: string | null;
  /** What the list does not show, in words for its end; null where it shows all. */
  readonly left: 'ranks' | 'sorted here' | null;
}

/** As many ranks as one call answers. */
export const MAX_RANKED = 100;
/** As many as one call of a list answers. */
const MAX_LISTED = 1_000;

/**
 * One page of them. By name there is always a next one until all are shown; of ranks the service tells the first.
 *
 * @throws ApiError
 */
export async function pageOf(wanted: Wanted, cursor: string | null, limit: number): Promise<ListPage> {
  const { prefix, search, sort } = wanted;
  if (sort === 'name') {
    const { data, nextCursor } = await api.counters({ prefix, search, limit, cursor });
    return { items: data.map(({ name, value }) => ({ name, value, change: null })), next: nextCursor, left: null };
  }
  return (search === '' ? await ranked(prefix, sort) : null) ?? sortedHere(wanted);
}

/** Null where the service keeps no ranks. */
async function ranked(prefix: string, sort: 'value' | 'change'): Promise<ListPage | null> {
  try {
    const { data } = await api.top(prefix, sort, MAX_RANKED);
    const items = data.map((rank) => ({ ...rank, change: sort === 'change' ? rank.change : null }));
    return { items, next: null, left: data.length === MAX_RANKED ? 'ranks' : null };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

async function sortedHere({ prefix, search }: Wanted): Promise<ListPage> {
  const { data, hasMore } = await api.counters({ prefix, search, limit: MAX_LISTED, cursor: null });
  const items = data.map(({ name, value }) => ({ name, value, change: null })).toSorted((a, b) => b.value - a.value);
  return { items, next: null, left: hasMore ? 'sorted here' : null };
}
