import { api, ApiError } from '../api.js';
import type { Sort } from '../route.js';

export interface Listed {
  readonly name: string;
  readonly value: number;
  /** In 24 hours, where the list is sorted by it. */
  readonly change: number | null;
}

export interface Listing {
  readonly items: readonly Listed[];
  /** Whether the service has more of them. */
  readonly hasMore: boolean;
  /** The list is only a part of them, sorted here. */
  readonly partial: boolean;
}

/** As many as one page of the list holds. */
const WHOLE_PAGE = 1_000;

/**
 * Names one more than are shown would be enough to know that there are more; ranks do not say.
 *
 * @throws ApiError
 */
export async function list(prefix: string, sort: Sort, limit: number): Promise<Listing> {
  if (sort !== 'name') {
    try {
      const { data } = await api.top(prefix, sort, Math.min(limit, MAX_RANKED));
      const items = data.map((ranked) => ({ ...ranked, change: sort === 'change' ? ranked.change : null }));
      return { items, hasMore: data.length === limit && limit < MAX_RANKED, partial: false };
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
  }
  const { data, hasMore } = await api.counters(prefix, sort === 'name' ? limit : WHOLE_PAGE, null);
  const items = data.map(({ name, value }) => ({ name, value, change: null }));
  if (sort === 'name') return { items, hasMore, partial: false };
  const sorted = items.toSorted((a, b) => b.value - a.value);
  return { items: sorted.slice(0, limit), hasMore: hasMore || items.length > limit, partial: hasMore };
}

/** As many ranks as one call answers. */
const MAX_RANKED = 100;
