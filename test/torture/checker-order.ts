/** What may follow what in time: rules 3 and 5, and the order of rule 2. */
import type { Findings } from './findings.js';
import type { Changes } from './checker-chain.js';
import { compare, type Shown, shownBy, supersededAt } from './checker-shown.js';
import type { HistoryEntry, ReadOperation } from './history.js';

export function checkOrder(
  counter: string,
  entries: readonly HistoryEntry[],
  changes: Changes,
  findings: Findings,
): void {
  const shown = shownBy(entries);
  const byEnd = shown.toSorted((a, b) => compare(a.entry.endNs, b.entry.endNs));
  const byStart = shown.toSorted((a, b) => compare(a.entry.startNs, b.entry.startNs));
  const superseded = supersededAt(shown);
  let ended = 0;
  let highest: Shown | null = null;
  for (const one of byStart) {
    for (let next = byEnd[ended]; next !== undefined && next.entry.endNs < one.entry.startNs; next = byEnd[ended]) {
      if (highest === null || next.version > highest.version) highest = next;
      ended += 1;
    }
    if (highest !== null) compareWith(highest, one);
    if (one.entry.kind === 'read') checkOrigin(one.entry);
  }

  function compareWith(earlier: Shown, { version, entry }: Shown): void {
    const contradiction = (): string =>
      `"${counter}": ${findings.describe(entry)} began after ${findings.describe(earlier.entry)}`;
    if (entry.kind === 'write') {
      if (version <= earlier.version) findings.add('wrong', contradiction());
      return;
    }
    if (version >= earlier.version) return;
    const ageMs = Number(entry.startNs - (superseded(version) ?? entry.startNs)) / 1e6;
    if (entry.unverified) {
      findings.worstUnverifiedMs = Math.max(findings.worstUnverifiedMs, ageMs);
      if (ageMs <= findings.unverifiedLimitMs) return;
    }
    findings.worstStaleVersions = Math.max(findings.worstStaleVersions, earlier.version - version);
    findings.worstStaleMs = Math.max(findings.worstStaleMs, ageMs);
    findings.add('stale', `${contradiction()}, ${ageMs.toFixed(3)} ms after it was superseded`);
  }

  function checkOrigin(read: ReadOperation): void {
    if (read.unverified) findings.unverifiedReads += 1;
    const origin = changes.get(read.version)?.write;
    if (origin !== undefined && origin.startNs > read.endNs) {
      findings.add('wrong', `"${counter}": ${findings.describe(read)} ended before ${findings.describe(origin)} began`);
    }
  }
}
