/** What clients were shown of a counter, and when. */
import type { HistoryEntry } from './history.js';

/** Something that was shown to a client: an acknowledged write or a read. */
export interface Shown {
  readonly version: number;
  readonly entry: HistoryEntry;
}

export function shownBy(entries: readonly HistoryEntry[]): Shown[] {
  return entries.flatMap((entry) => {
    const version = versionOf(entry);
    return version === null ? [] : [{ version, entry }];
  });
}

function versionOf(entry: HistoryEntry): number | null {
  if (entry.kind === 'read') return entry.version;
  return entry.outcome.kind === 'ok' ? entry.outcome.version : null;
}

export function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** When, at the latest, a version was out of date: the first end of anything that showed a higher one; null: never. */
export function supersededAt(shown: readonly Shown[]): (version: number) => bigint | null {
  const byVersion = shown.toSorted((a, b) => b.version - a.version);
  const firstEnd: { version: number; endNs: bigint }[] = [];
  for (const { version, entry } of byVersion) {
    const earlier = firstEnd.at(-1)?.endNs ?? entry.endNs;
    firstEnd.push({ version, endNs: entry.endNs < earlier ? entry.endNs : earlier });
  }
  return (version) => {
    let [low, high] = [0, firstEnd.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((firstEnd[middle]?.version ?? 0) > version) low = middle + 1;
      else high = middle;
    }
    return firstEnd[low - 1]?.endNs ?? null;
  };
}
