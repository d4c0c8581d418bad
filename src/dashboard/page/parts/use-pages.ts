import { useRef } from 'preact/hooks';
import type { Paged } from '../service/shapes.js';
import { type Loaded, useLoad } from './use-load.js';

/** A list that comes in pages, as far as it was asked for. */
export interface Pages<T> extends Pick<Loaded<unknown>, 'fault' | 'reload'> {
  /** Null until the first page is there. */
  readonly items: readonly T[] | null;
  readonly hasMore: boolean;
  readonly more: () => void;
}

type Ask<T> = (cursor: string | null) => Promise<Paged<T>>;

/**
 * All pages that are shown are asked for anew together: between those of before and those of now something would be there
 * twice, or not at all.
 *
 * @param question what the list depends on
 */
export function usePages<T>(ask: Ask<T>, question: readonly unknown[], everyMs: number | null = null): Pages<T> {
  const key = JSON.stringify(question);
  const shown = useRef({ key, pages: 1 });
  if (shown.current.key !== key) shown.current = { key, pages: 1 };
  const { answer, fault, reload } = useLoad(
    async () => ({ key, list: await listed(ask, shown.current.pages) }),
    question,
    { everyMs },
  );
  const list = answer?.key === key ? answer.list : null;
  const more = () => {
    shown.current.pages += 1;
    reload();
  };
  return { items: list?.items ?? null, hasMore: list?.hasMore ?? false, more, fault, reload };
}

async function listed<T>(
  ask: Ask<T>,
  pages: number,
): Promise<{ readonly items: readonly T[]; readonly hasMore: boolean }> {
  let { data: items, nextCursor } = await ask(null);
  for (let page = 2; page <= pages && nextCursor !== null; page += 1) {
    const next = await ask(nextCursor);
    items = [...items, ...next.data];
    nextCursor = next.nextCursor;
  }
  return { items, hasMore: nextCursor !== null };
}
