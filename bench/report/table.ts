/** Figures for a terminal. */
import type { Entrant } from '../entrants.js';
import type { MemoryCourse } from '../memory.js';
import type { Cores, Measurement } from '../measurement.js';
import { median as middleOf } from '../median.js';
import type { OverloadRound } from '../overload.js';
import { type ContestResult, type EntrantResult, ratiosOf } from '../rounds.js';
import type { Sizes } from '../sizes.js';
import type { Verdict } from '../targets.js';
import { JUDGED_CONNECTIONS } from '../contest.js';
import type { Course } from '../past-runs.js';
import { speedLine } from '../speed.js';
import type { JobCost } from '../upkeep.js';

/** The columns of a contest, in order; what they mean is said in docs/benchmarks.md. */
export const COLUMNS = [
  '',
  'per second',
  'share',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'CPU µs',
  'service',
  'Postgres',
  'Redis',
  'load',
];

/** One row of a contest's table. */
export function cellsOf(contest: ContestResult, entrant: EntrantResult): string[] {
  const { median, items, key, label, base } = entrant;
  const { p50Ms, p99Ms, p999Ms, cores } = median;
  const share = middleOf(ratiosOf(contest, key, base));
  const failures = median.failed > 0 ? ` (${median.failed} failed)` : '';
  return [
    label + failures,
    count(median.perSecond * items),
    Number.isNaN(share) ? '-' : share.toFixed(2),
    ...[p50Ms, p99Ms, p999Ms].map(milliseconds),
    count(cpuMicroseconds(median.cores) / (median.perSecond * items)),
    ...(['server', 'postgres', 'redis', 'generator'] as const satisfies (keyof Cores)[]).map((role) =>
      coresOf(cores[role]),
    ),
  ];
}

export function contestTable(contest: ContestResult): string {
  const rows = [COLUMNS, ...contest.entrants.map((entrant) => cellsOf(contest, entrant))];
  return `\n${contest.title}, ${contest.connections} connections. ${commitLine(contest)}\n${aligned(rows)}\n${speedLine(contest.speed)}`;
}

/** What a commit took in this contest; nothing where that is as always. */
export function commitLine({ commitMs }: ContestResult): string {
  return commitMs === null ? '' : `A lone commit took ${milliseconds(commitMs)} ms.`;
}

export const TARGET_COLUMNS = ['target', 'wanted', 'got', 'from', 'to', ''];

export function targetTable(verdicts: readonly Verdict[]): string {
  return `\nTargets, at ${JUDGED_CONNECTIONS} connections\n${aligned([TARGET_COLUMNS, ...verdicts.map(verdictCells)])}`;
}

/** How targets have gone since the latest runs on this machine. */
export function courseTable(courses: readonly Course[]): string {
  const rows = courses.map(({ target, got, usual, since, isWorse }) => [
    target,
    figure(got),
    figure(usual),
    since ?? '-',
    isWorse ? 'WORSE' : '',
  ]);
  return `\nBeside the latest runs on this machine\n${aligned([['target', 'now', 'usual', 'latest', ''], ...rows])}`;
}

/** Target, bound, what came out, from which to which in the rounds, and whether that will do. */
export function verdictCells({ target, got, spread, bound, met }: Verdict): string[] {
  const wanted = 'least' in bound ? `at least ${figure(bound.least)}` : `at most ${figure(bound.most)}`;
  const [from = '', to = ''] = spread?.map(figure) ?? [];
  return [
    target,
    wanted,
    got === null ? '-' : figure(got),
    from,
    to,
    met === null ? 'not run' : met ? 'met' : 'not met',
  ];
}

const figure = (value: number): string => (value >= 1000 ? count(value) : String(Number(value.toFixed(2))));

export function sizeTable(sizes: Sizes): string {
  return `\nSizes\n${aligned(sizeRows(sizes))}`;
}

export function sizeRows({ counters, keys, postgresPerCounter, postgresPerKey, redisPerCounter }: Sizes): string[][] {
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return [
    ['Postgres, bytes for each counter', count(postgresPerCounter), `measured with ${count(counters)} new counters`],
    ['Redis, bytes for each cached counter', count(redisPerCounter), `measured with ${count(counters)} counters`],
    ['Postgres, a million keys', mebibytes(postgresPerKey * 1e6), `extrapolated from ${count(keys)} keys of 36 bytes`],
  ];
}

export function upkeepTable(jobs: readonly JobCost[]): string {
  return `\nUpkeep\n${aligned([UPKEEP_COLUMNS, ...jobs.map(upkeepCells)])}`;
}

export const UPKEEP_COLUMNS = [
  '',
  'counters',
  'per second',
  'p99 ms before',
  'meanwhile',
  'MiB before',
  'at most, first half',
  'second half',
];

export function upkeepCells(cost: JobCost): string[] {
  const { job, counters, seconds } = cost;
  const latencies = [cost.quietP99Ms, cost.p99Ms].map(milliseconds);
  const memory = [cost.beforeMib, cost.mostEarlyMib, cost.mostLateMib].map(count);
  return [job, count(counters), count(counters / seconds), ...latencies, ...memory];
}

export function overloadTable(rounds: readonly OverloadRound[]): string {
  return `\nOverload\n${aligned([OVERLOAD_COLUMNS, ...rounds.map(overloadCells)])}`;
}

export const OVERLOAD_COLUMNS = ['round', 'possible/s', 'p99 ms', 'offered/s', 'accepted/s', 'p99 ms of accepted'];

export function overloadCells(round: OverloadRound, index: number): string[] {
  return [
    String(index + 1),
    count(round.possiblePerSecond),
    milliseconds(round.possibleP99Ms),
    count(round.offeredPerSecond),
    count(round.acceptedPerSecond),
    milliseconds(round.acceptedP99Ms),
  ];
}

/** Memory over a long run, as one sentence. */
export function memoryLine({ minutes, tenthsMib }: MemoryCourse): string {
  return `Resident memory of the service over ${minutes} minutes under load, each tenth: ${tenthsMib.map(count).join(', ')} MiB`;
}

/** What is shown while a contest runs. */
export function turnLine({ label, items }: Entrant, { perSecond, p99Ms, failed }: Measurement): string {
  const failures = failed > 0 ? `, ${failed} FAILED` : '';
  return `  ${label.padEnd(40)} ${count(perSecond * items).padStart(9)}/s  p99 ${milliseconds(p99Ms)} ms${failures}`;
}

export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '-';
}

export function milliseconds(value: number): string {
  return Number.isFinite(value) ? value.toFixed(value < 10 ? 2 : 1) : '-';
}

function coresOf(value: number | null): string {
  return value === null ? '-' : value.toFixed(2);
}

/** CPU time of the service, Postgres and Redis in a second, in microseconds; not that of the generator. */
function cpuMicroseconds({ server, postgres, redis }: Cores): number {
  return ((server ?? 0) + (postgres ?? 0) + (redis ?? 0)) * 1e6;
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(width(i)) : cell.padStart(width(i)))).join('  '))
    .join('\n');
}
