/**
 * Judges a history. Each increment answers a version of its own and the value at that version, so the order is given
 * and nothing has to be searched for: O(n log n) for each counter.
 *
 * 1. Versions of writes are unique; each value is the one before plus what was added; versions that nobody was
 *    answered are those of unknown outcomes, and no more.
 * 2. What is read is what the write of that version left, and that write began before the read ended.
 * 3. What begins after something else ended has a version at least as high; a write a higher one.
 * 4. The truth at the end is what was acknowledged, and of what is unknown what counted: each once.
 * 5. A read that is marked unverified may be older, but not by more than an entry lives.
 */
import { checkChain } from './checker-chain.js';
import { checkOrder } from './checker-order.js';
import { Findings } from './findings.js';
import type { FinalTruth, FinalTruths, HistoryEntry } from './history.js';

export interface Verdict {
  /** Operations that were looked at, those that were refused or became never known included. */
  readonly checked: number;
  /** Acknowledged, and not in the truth. */
  readonly lost: number;
  /** In the truth more than once, or although it was refused. */
  readonly doubled: number;
  /** Reads that showed less than somebody had been shown before they began. */
  readonly stale: number;
  readonly worstStaleVersions: number;
  readonly worstStaleMs: number;
  /** Values that do not follow from what was added, or versions in an impossible order. */
  readonly wrong: number;
  readonly unverifiedReads: number;
  /** Of reads marked unverified: how long they were out of date at most. */
  readonly worstUnverifiedMs: number;
  /** The first few, with the operations that contradict each other. */
  readonly violations: readonly string[];
}

/** The life of an entry by default. */
const UNVERIFIED_LIMIT_MS = 300_000;

/** @param unverifiedLimitMs the longest life of an entry: how old what is read unverified may be */
export function check(
  history: readonly HistoryEntry[],
  truths: FinalTruths,
  unverifiedLimitMs = UNVERIFIED_LIMIT_MS,
): Verdict {
  const beginNs = history.reduce(
    (first, { startNs }) => (startNs < first ? startNs : first),
    history[0]?.startNs ?? 0n,
  );
  const findings = new Findings(beginNs, unverifiedLimitMs);
  for (const [counter, entries] of byCounter(history)) {
    checkCounter(counter, entries, truths.get(counter) ?? { value: 0, version: 0, unknownByKey: new Map() }, findings);
  }
  const { counts, sentences, worstStaleVersions, worstStaleMs, unverifiedReads, worstUnverifiedMs } = findings;
  const worst = { worstStaleVersions, worstStaleMs, worstUnverifiedMs };
  return { checked: history.length, ...counts, ...worst, unverifiedReads, violations: sentences };
}

function checkCounter(counter: string, entries: readonly HistoryEntry[], truth: FinalTruth, findings: Findings): void {
  const values = checkChain(counter, entries, truth, findings);
  checkOrder(counter, entries, values, findings);
}

function byCounter(history: readonly HistoryEntry[]): Map<string, HistoryEntry[]> {
  const found = new Map<string, HistoryEntry[]>();
  for (const entry of history) {
    const entries = found.get(entry.counter);
    if (entries === undefined) found.set(entry.counter, [entry]);
    else entries.push(entry);
  }
  return found;
}
