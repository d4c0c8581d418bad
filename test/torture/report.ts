/** What a run came to, in words and as data. */
import { BUCKET_MS, percentile } from './recorder.js';
import type { EdgesReport } from './edges.js';
import type { Struck } from './nemesis.js';
import type { Outcome } from './torture.js';

/** How the service came out of one kind of fault. */
export interface KindReport {
  /** `several at once`, where more than one fault was at work. */
  readonly kind: string;
  readonly struck: number;
  /** From the end of the fault until every instance took a write; null: never. */
  readonly worstWritesMs: number | null;
  /** From the end of the fault until every instance served a read from the cache; null: never. */
  readonly worstHitsMs: number | null;
  readonly medianHitsMs: number | null;
  /** The longest time in which no write of anybody was acknowledged, and the median of these. */
  readonly worstWithoutWritesMs: number;
  readonly medianWithoutWritesMs: number | null;
  /** Requests between the first blow and the recovery that got no answer, or 503. */
  readonly failedReads: number;
  readonly reads: number;
  readonly failedWrites: number;
  readonly writes: number;
}

const SEVERAL = 'several at once';

export function kindReports(struck: readonly Struck[]): KindReport[] {
  const byKind = new Map<string, Struck[]>();
  for (const episode of struck) {
    const [first] = episode.faults;
    const kind = episode.faults.length === 1 && first !== undefined ? first.kind : SEVERAL;
    byKind.set(kind, [...(byKind.get(kind) ?? []), episode]);
  }
  return [...byKind]
    .map(([kind, episodes]) => kindReport(kind, episodes))
    .sort((a, b) => (b.worstHitsMs ?? Infinity) - (a.worstHitsMs ?? Infinity));
}

function kindReport(kind: string, episodes: readonly Struck[]): KindReport {
  const sum = (pick: (episode: Struck) => number): number => episodes.reduce((total, one) => total + pick(one), 0);
  const worst = (times: readonly (number | null)[]): number | null =>
    times.reduce((most, time) => (most === null || time === null ? null : Math.max(most, time)), 0);
  const hits = episodes.map(({ recovery }) => recovery.hitsMs);
  const withoutWrites = episodes.map(({ withoutWritesMs }) => withoutWritesMs);
  const failedReads = sum(({ reads }) => reads.failed);
  const failedWrites = sum(({ writes }) => writes.failed);
  return {
    kind,
    struck: episodes.length,
    worstWritesMs: worst(episodes.map(({ recovery }) => recovery.writesMs)),
    worstHitsMs: worst(hits),
    medianHitsMs: percentile(
      hits.filter((ms) => ms !== null),
      0.5,
    ),
    worstWithoutWritesMs: Math.max(...withoutWrites),
    medianWithoutWritesMs: percentile(withoutWrites, 0.5),
    failedReads,
    reads: failedReads + sum(({ reads }) => reads.answered),
    failedWrites,
    writes: failedWrites + sum(({ writes }) => writes.answered),
  };
}

/** The faults struck, by kind, those that came together included. */
function faultCounts(struck: readonly Struck[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind } of struck.flatMap(({ faults }) => faults)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const count = (number: number): string => number.toLocaleString('en-US');
const ms = (time: number | null): string => (time === null ? 'never' : count(Math.round(time)));
const share = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);

export function textReport(outcome: Outcome): string {
  const { verdict, struck, breaches, failures, seed, lastedMs, passed } = outcome;
  const answered = (what: 'reads' | 'writes'): number =>
    outcome.timeline.reduce((total, bucket) => total + bucket[what], 0);
  const lines = [
    `evercount torture: ${passed ? 'PASSED' : 'FAILED'}   seed ${seed}, ${(lastedMs / 1000).toFixed(0)} s, ${outcome.instances} instances, ${bucketsText(outcome.buckets)}`,
    '',
    `operations checked  ${count(verdict.checked)}  (${count(answered('reads'))} reads and ${count(answered('writes'))} writes answered)`,
    `lost                ${count(verdict.lost)}`,
    `doubled             ${count(verdict.doubled)}`,
    `stale               ${count(verdict.stale)}${verdict.stale > 0 ? `  (worst: ${verdict.worstStaleVersions} versions, ${verdict.worstStaleMs.toFixed(1)} ms)` : ''}`,
    `wrong               ${count(verdict.wrong)}`,
    `breaches            ${count(breaches.length)}  (answers against the contract, shutdowns that failed, no recovery, alarms)`,
    `unverified reads    ${count(verdict.unverifiedReads)}  (marked so; out of date by ${ms(verdict.worstUnverifiedMs)} ms at most)`,
    ...(outcome.edges === null ? [] : [`edges               ${edgesText(outcome.edges)}`]),
    '',
    'Faults',
    ...[...faultCounts(struck)].map(([kind, times]) => `  ${kind.padEnd(26)}${String(times).padStart(5)}`),
    '',
    'Recovery, and requests that were not answered from the blow to the recovery',
    `  ${'fault'.padEnd(26)}${'times'.padStart(6)}${'until writes'.padStart(14)}${'until hits'.padStart(12)}${'median'.padStart(12)}${'no writes'.padStart(12)}${'median'.padStart(11)}${'reads'.padStart(9)}${'writes'.padStart(9)}`,
    ...kindReports(struck).map(
      (kind) =>
        `  ${kind.kind.padEnd(26)}${String(kind.struck).padStart(6)}${`${ms(kind.worstWritesMs)} ms`.padStart(14)}` +
        `${`${ms(kind.worstHitsMs)} ms`.padStart(12)}${`${ms(kind.medianHitsMs)} ms`.padStart(12)}` +
        `${`${ms(kind.worstWithoutWritesMs)} ms`.padStart(12)}${`${ms(kind.medianWithoutWritesMs)} ms`.padStart(11)}` +
        `${share(kind.failedReads, kind.reads).padStart(9)}${share(kind.failedWrites, kind.writes).padStart(9)}`,
    ),
    '',
    'Not answered, or not as asked',
    ...[...failures]
      .sort(([, a], [, b]) => b - a)
      .map(([why, times]) => `  ${why.padEnd(40)}${count(times).padStart(9)}`),
    ...section('Violations', verdict.violations),
    ...section('Breaches', breaches),
  ];
  return `${lines.join('\n')}\n`;
}

export const bucketsText = (buckets: number): string => (buckets === 1 ? '1 bucket' : `${buckets} buckets`);

/** How edges fared, in one line. */
export function edgesText(report: EdgesReport): string {
  const { edges, cutShare, cuts, kills, acknowledged, unknown, deliveries, items, lost, doubled } = report;
  return (
    `${edges}, cut off ${(100 * cutShare).toFixed(0)} % of the time (${count(cuts)} cuts, ${count(kills)} kills): ` +
    `${count(acknowledged)} increments acknowledged and ${count(unknown)} unknown, ` +
    `${count(deliveries)} deliveries of ${count(items)} items; ${count(lost)} lost, ${count(doubled)} doubled`
  );
}

const MAX_LINES = 30;

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > MAX_LINES ? [`  and ${lines.length - MAX_LINES} more`] : [];
  return ['', title, ...lines.slice(0, MAX_LINES).map((line) => `  ${line}`), ...more];
}

export function jsonReport(outcome: Outcome): string {
  const { seed, beganAt, passed, lastedMs, buckets, verdict, edges, breaches, failures, struck, timeline } = outcome;
  const data = {
    passed,
    seed,
    beganAt,
    lastedMs,
    buckets,
    verdict,
    edges,
    breaches,
    faults: Object.fromEntries(faultCounts(struck)),
    recovery: kindReports(struck),
    failures: Object.fromEntries(failures),
    struck,
    bucketMs: BUCKET_MS,
    timeline,
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}
