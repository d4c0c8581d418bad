import { useState } from 'preact/hooks';
import { ApiError } from '../service/api.js';
import type { Paged } from '../service/shapes.js';
import { type Loaded, useLoad } from './use-load.js';

/** A list that comes in pages, as far as it was asked for. */
export interface Pages<T> extends Pick<Loaded<unknown>, 'fault' | 'reload'> {
  /** Null until the first page is there. */
  readonly items: readonly T[] | null;
  readonly hasMore: boolean;
  readonly more: () => Promise<void>;
}

interface Further<T> {
  readonly first: Paged<T>;
  readonly items: readonly T[];
  readonly cursor: string | null;
}

/** @param question what the list depends on */
export function usePages<T>(
  ask: (cursor: string | null) => Promise<Paged<T>>,
  question: readonly unknown[],
  everyMs: number | null = null,
): Pages<T> {
  const first = useLoad(async () => ({ key: JSON.stringify(question), page: await ask(null) }), question, { everyMs });
  const page = first.answer?.key === JSON.stringify(question) ? first.answer.page : null;
  const [further, hold] = useState<Further<T> | null>(null);
  const [fault, tell] = useState<ApiError | null>(null);
  // What was loaded after another first page may not follow this one.
  const rest = further !== null && further.first === page ? further : null;
  const cursor = rest === null ? (page?.nextCursor ?? null) : rest.cursor;
  const more = async () => {
    if (page === null || cursor === null) return;
    try {
      const next = await ask(cursor);
      hold({ first: page, items: [...(rest?.items ?? []), ...next.data], cursor: next.nextCursor });
      tell(null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      tell(error);
    }
  };
  return {
    items: page === null ? null : [...page.data, ...(rest?.items ?? [])],
    hasMore: cursor !== null,
    more,
    fault: fault ?? first.fault,
    reload: first.reload,
  };
}
