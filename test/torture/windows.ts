/**
 * Judges counters that end by themselves. A window is one life of such a counter, known by its end: the first increment
 * creates it with a time to live, those behind it leave that alone, and each adds 1. So a value says which increment of
 * its window it was. Ends are by the database's clock, which here is this machine's.
 *
 * 1. Each value of a window is one increment's; what nobody was answered is explained by as many unknown outcomes.
 * 2. What begins after something else ended shows no less of the same window, and an increment more.
 * 3. Nothing shows a window after its end; and nothing shows its absence, or a later one, before.
 */

/** What was done to a counter that ends, and what was seen. */
export interface WindowEntry {
  readonly kind: 'read' | 'write';
  readonly counter: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Null: the outcome is unknown. Of an absent counter, value and end are 0. */
  readonly seen: { readonly value: number; readonly endsAtMs: number } | null;
  /** From the cache while Postgres was away, and marked so. */
  readonly unverified: boolean;
}

export interface WindowVerdict {
  readonly windows: number;
  readonly lost: number;
  readonly doubled: number;
  readonly stale: number;
  readonly violations: readonly string[];
}

/** Milliseconds are cut off, here and there. */
const TOLERANCE_MS = 5;

type Seen = WindowEntry & { readonly seen: { readonly value: number; readonly endsAtMs: number } };

class Findings {
  readonly counts = { lost: 0, doubled: 0, stale: 0 };
  readonly violations: string[] = [];

  add(kind: keyof Findings['counts'], sentence: string, times = 1): void {
    this.counts[kind] += times;
    if (this.violations.length < 20) this.violations.push(`${kind}: ${sentence}`);
  }
}

export function checkWindows(entries: readonly WindowEntry[]): WindowVerdict {
  const findings = new Findings();
  let windows = 0;
  for (const counter of new Set(entries.map((entry) => entry.counter))) {
    const own = entries.filter((entry) => entry.counter === counter);
    const unknown = own.filter((entry) => entry.kind === 'write' && entry.seen === null);
    const seen = own.filter((entry): entry is Seen => entry.seen !== null).sort((a, b) => a.startMs - b.startMs);
    const byEnd = byEndOf(seen);
    windows += byEnd.size;
    for (const [endsAtMs, shown] of byEnd) {
      checkValues(counter, endsAtMs, shown, unknown, findings);
      checkOrder(counter, shown, findings);
    }
    checkEnds(
      counter,
      seen,
      [...byEnd.keys()].sort((a, b) => a - b),
      findings,
    );
  }
  return { windows, ...findings.counts, violations: findings.violations };
}

function byEndOf(seen: readonly Seen[]): Map<number, Seen[]> {
  const found = new Map<number, Seen[]>();
  for (const entry of seen) {
    if (entry.seen.value === 0) continue;
    const shown = found.get(entry.seen.endsAtMs);
    if (shown === undefined) found.set(entry.seen.endsAtMs, [entry]);
    else shown.push(entry);
  }
  return found;
}

function checkValues(
  counter: string,
  endsAtMs: number,
  shown: readonly Seen[],
  unknown: readonly WindowEntry[],
  findings: Findings,
): void {
  const written = shown.filter(({ kind }) => kind === 'write').map(({ seen }) => seen.value);
  const distinct = new Set(written);
  const twice = written.length - distinct.size;
  if (twice > 0) findings.add('lost', `${counter}, until ${endsAtMs}: ${twice} values were two increments'`, twice);
  const highest = Math.max(...shown.map(({ seen }) => seen.value));
  const unexplained = highest - distinct.size - unknown.filter(({ startMs }) => startMs <= endsAtMs).length;
  if (unexplained > 0) {
    findings.add('doubled', `${counter}, until ${endsAtMs}: ${highest} were counted of ${distinct.size}`, unexplained);
  }
}

/** @param shown of one window, in the order of their beginning */
function checkOrder(counter: string, shown: readonly Seen[], findings: Findings): void {
  const byEnd = shown.toSorted((a, b) => a.endMs - b.endMs);
  let [ended, highest] = [0, 0];
  for (const { kind, startMs, seen, unverified } of shown) {
    for (let next = byEnd[ended]; next !== undefined && next.endMs < startMs; next = byEnd[ended]) {
      highest = Math.max(highest, next.seen.value);
      ended += 1;
    }
    const isOlder = kind === 'read' ? seen.value < highest : seen.value <= highest;
    if (isOlder && !unverified) findings.add('stale', `${counter}: a ${kind} showed ${seen.value} after ${highest}`);
  }
}

/** @param ends of its windows, in their order */
function checkEnds(counter: string, seen: readonly Seen[], ends: readonly number[], findings: Findings): void {
  for (const entry of seen) {
    const { value, endsAtMs } = entry.seen;
    if (value > 0 && entry.startMs > endsAtMs + TOLERANCE_MS && !entry.unverified) {
      findings.add('stale', `${counter}: a ${entry.kind} showed a window ${entry.startMs - endsAtMs} ms after its end`);
    }
    const before = value > 0 ? ends.filter((end) => end < endsAtMs).at(-1) : openBefore(entry, seen);
    if (before !== undefined && entry.endMs < before - TOLERANCE_MS && !entry.unverified) {
      findings.add('lost', `${counter}: a window was gone ${before - entry.endMs} ms before its end`);
    }
  }
}

/** The latest end of a window that somebody had been shown before this began. */
function openBefore({ startMs }: Seen, seen: readonly Seen[]): number | undefined {
  const known = seen.filter((other) => other.seen.value > 0 && other.endMs < startMs);
  return known.length === 0 ? undefined : Math.max(...known.map((other) => other.seen.endsAtMs));
}
