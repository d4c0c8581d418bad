/** The chain of a counter's changes, from nothing to the truth at the end: rules 1 and 4, and the values of rule 2. */
import { compare, shownBy, supersededAt } from './checker-shown.js';
import type { Findings } from './findings.js';
import type { FinalTruth, HistoryEntry, ReadOperation, WriteOperation } from './history.js';

/** A change whose version is known: it was acknowledged, or its key tells. */
export interface Change {
  readonly version: number;
  readonly value: number;
  readonly by: number;
  readonly write: WriteOperation;
}

/** Subsets that are tried to explain a gap of several unknown changes; beyond it only their number counts. */
const MAX_STEPS = 50_000;

/** What is known of the counter at each version: changes, and 0 at version 0. */
export type Changes = ReadonlyMap<number, Change>;

export function checkChain(
  counter: string,
  entries: readonly HistoryEntry[],
  truth: FinalTruth,
  findings: Findings,
): Changes {
  const writes = entries.filter((entry) => entry.kind === 'write');
  const changes = collect(counter, writes, truth, findings);
  const unknown = writes.filter(({ outcome, key }) => outcome.kind === 'unknown' && !isKnownByKey(key, truth));
  const gaps = findGaps(counter, entries, changes, truth, findings);
  explain(counter, gaps, unknown, findings);
  checkValues(counter, entries, changes, truth, findings);
  return changes;
}

const isKnownByKey = (key: string | null, truth: FinalTruth): boolean => key !== null && truth.unknownByKey.has(key);

function collect(
  counter: string,
  writes: readonly WriteOperation[],
  truth: FinalTruth,
  findings: Findings,
): Map<number, Change> {
  const changes = new Map<number, Change>();
  for (const write of writes) {
    const result =
      write.outcome.kind === 'ok' ? write.outcome : write.key === null ? null : truth.unknownByKey.get(write.key);
    if (result === null || result === undefined || write.outcome.kind === 'refused') continue;
    const { version, value } = result;
    const other = changes.get(version);
    if (other !== undefined) {
      const both = `${findings.describe(other.write)} and ${findings.describe(write)}`;
      findings.add('lost', `"${counter}": one version for two writes, ${both}`);
    } else if (version > truth.version) {
      findings.add('lost', `"${counter}" ended at version ${truth.version}, before ${findings.describe(write)}`);
    } else {
      changes.set(version, { version, value, by: write.by, write });
    }
  }
  return changes;
}

/** Versions in a row that nobody was answered. */
interface Gap {
  readonly from: number;
  readonly size: number;
  /** What they added together. */
  readonly sum: number;
  /** All of them began before this, when the last of them or something newer had been shown; null: it never was. */
  readonly beforeNs: bigint | null;
}

function findGaps(
  counter: string,
  entries: readonly HistoryEntry[],
  changes: Changes,
  truth: FinalTruth,
  findings: Findings,
): Gap[] {
  const gaps: Gap[] = [];
  const superseded = supersededAt(shownBy(entries));
  let [version, value] = [0, 0];
  const step = (next: number, before: number, what: () => string): void => {
    const size = next - version - 1;
    if (size > 0) gaps.push({ from: version + 1, size, sum: before - value, beforeNs: superseded(next - 2) });
    else if (before !== value) findings.add('wrong', `"${counter}" was ${value} at version ${version}, yet ${what()}`);
  };
  for (const change of [...changes.values()].sort((a, b) => a.version - b.version)) {
    step(change.version, change.value - change.by, () => findings.describe(change.write));
    ({ version, value } = change);
  }
  step(truth.version + 1, truth.value, () => `ended at ${truth.value}`);
  return gaps;
}

/** Finds an unknown write for each version that nobody was answered. */
function explain(counter: string, gaps: readonly Gap[], unknown: readonly WriteOperation[], findings: Findings): void {
  // The last to begin first: what began early can explain more of the other gaps.
  const free = new Set([...unknown].sort((a, b) => compare(b.startNs, a.startNs)));
  const startedBefore = (beforeNs: bigint | null): WriteOperation[] =>
    [...free].filter(({ startNs }) => beforeNs === null || startNs < beforeNs);
  const complain = ({ from, size, sum }: Gap, missing: number): void =>
    findings.add(
      'doubled',
      `"${counter}": ${size} changes from version ${from} on added ${sum}, and no unknown outcomes explain them`,
      missing,
    );

  for (const gap of gaps.filter(({ size }) => size === 1)) {
    const found = startedBefore(gap.beforeNs).find(({ by }) => by === gap.sum);
    if (found === undefined) complain(gap, 1);
    else free.delete(found);
  }
  let left = free.size;
  for (const gap of gaps.filter(({ size }) => size > 1)) {
    const candidates = startedBefore(gap.beforeNs).map(({ by }) => by);
    const enough = Math.min(left, candidates.length);
    if (enough < gap.size) complain(gap, gap.size - enough);
    else if (!canAddUp(candidates, gap.size, gap.sum)) complain(gap, 1);
    left = Math.max(0, left - gap.size);
  }
}

/** Whether some `size` of the numbers add up to `sum`; yes where that would take too long to find out. */
function canAddUp(numbers: readonly number[], size: number, sum: number): boolean {
  let steps = 0;
  const search = (from: number, size: number, sum: number): boolean => {
    if (size === 0) return sum === 0;
    for (let index = from; index <= numbers.length - size; index += 1) {
      steps += 1;
      if (steps > MAX_STEPS || search(index + 1, size - 1, sum - (numbers[index] ?? 0))) return true;
    }
    return false;
  };
  return search(0, size, sum);
}

/** Rule 2, the values: a version has one value, whoever tells it. */
function checkValues(
  counter: string,
  entries: readonly HistoryEntry[],
  changes: Changes,
  truth: FinalTruth,
  findings: Findings,
): void {
  const values = new Map<number, { readonly value: number; readonly what: () => string }>();
  const claim = (version: number, value: number, what: () => string): void => {
    const known = values.get(version);
    if (known === undefined) values.set(version, { value, what });
    else if (known.value !== value) findings.add('wrong', `"${counter}": ${known.what()}, yet ${what()}`);
  };
  claim(0, 0, () => 'it began as 0 at version 0');
  claim(truth.version, truth.value, () => `it ended as ${truth.value} at version ${truth.version}`);
  for (const { version, value, by, write } of changes.values()) {
    claim(version, value, () => findings.describe(write));
    claim(version - 1, value - by, () => findings.describe(write));
  }
  for (const read of entries.filter((entry): entry is ReadOperation => entry.kind === 'read')) {
    if (read.version > truth.version) {
      findings.add('wrong', `"${counter}" ended at version ${truth.version}, before ${findings.describe(read)}`);
    } else {
      claim(read.version, read.value, () => findings.describe(read));
    }
  }
}
