/** What must hold, judged within one run. */
import { JUDGED_CONNECTIONS } from './contest.js';
import { median } from './median.js';
import type { MemoryCourse } from './memory.js';
import type { OverloadRound } from './overload.js';
import { type ContestResult, type EntrantResult, ratiosOf } from './rounds.js';
import type { JobCost } from './upkeep.js';

export interface Verdict {
  readonly target: string;
  /** The median; null: its contest was not run, or an opponent is missing. */
  readonly got: number | null;
  /** The least and the most of the rounds; null where there was but one. */
  readonly spread: readonly [number, number] | null;
  /** `least` or `most` it may be. */
  readonly bound: { readonly least: number } | { readonly most: number };
  readonly met: boolean | null;
}

/** What a table may cost that is a hundred or ten thousand times as large. */
const FLAT = 0.8;

/** Compared with the truth, while clients are served. */
const RECONCILED_A_SECOND = 100_000;
/** A million within a minute. */
const REHYDRATED_A_SECOND = 1_000_000 / 60;

/** What overload may add to the p99 of what is accepted. */
const KEPT_P99 = 1.5;

/** What memory may grow by where it should not. */
const FLAT_MEMORY = 1.2;

interface RatioTarget {
  readonly target: string;
  readonly contest: string;
  readonly one: string;
  readonly other: string;
  readonly least: number;
}

const RATIOS: readonly RatioTarget[] = [
  { target: 'hot counter, over (a)', contest: 'hot', one: 'service', other: 'upsert-and-set', least: 10 },
  { target: 'hot counter, over (f) always', contest: 'hot', one: 'service', other: 'redis-incr-always', least: 1 },
  { target: '10,000 counters, over (a)', contest: 'many', one: 'service', other: 'upsert-and-set', least: 3 },
  { target: 'cached read, over (c)', contest: 'read', one: 'service', other: 'redis-get', least: 0.9 },
  {
    target: 'batch of 100 of one counter, over single calls',
    contest: 'batch-hot',
    one: 'service-batched',
    other: 'service',
    least: 10,
  },
  {
    target: 'batch of 100 of 10,000, over single calls',
    contest: 'batch',
    one: 'service-batched',
    other: 'service',
    least: 10,
  },
  {
    target: 'reads under FLUSHALL, over without',
    contest: 'read',
    one: 'service-flushed',
    other: 'service',
    least: 0.9,
  },
  {
    target: 'reads of 10,000 counters under FLUSHALL, over without',
    contest: 'read-many',
    one: 'service-flushed',
    other: 'service',
    least: 0.7,
  },
  { target: 'hot counter: keyed, over unkeyed', contest: 'hot', one: 'service-keyed', other: 'service', least: 0.6 },
  {
    target: '10,000 counters: keyed, over unkeyed',
    contest: 'many',
    one: 'service-keyed',
    other: 'service',
    least: 0.6,
  },
  ...[
    { target: 'INCR of a hot counter', contest: 'resp-hot', least: 0.5 },
    { target: 'INCR of a hot counter, 16 in a pipeline', contest: 'resp-hot-piped', least: 1 },
    { target: 'INCR of 10,000 counters, 16 in a pipeline', contest: 'resp-many-piped', least: 0.3 },
    { target: 'GET, 16 in a pipeline', contest: 'resp-get-piped', least: 0.5 },
  ].map(({ target, ...of }) => ({
    ...of,
    target: `${target}, over Redis with appendfsync always`,
    one: 'service-resp',
    other: 'redis-always',
  })),
  {
    target: 'hot counter: with history, over without',
    contest: 'history-hot',
    one: 'history',
    other: 'no-history',
    least: 0.8,
  },
  {
    target: '10,000 counters: with history, over without',
    contest: 'history-many',
    one: 'history',
    other: 'no-history',
    least: 0.6,
  },
  {
    target: '10,000 counters: with a watch on each, over without',
    contest: 'watched',
    one: 'watched',
    other: 'unwatched',
    least: 0.9,
  },
];

/** Whether somebody's figures are asked for by a target. */
export function isJudged(contest: string, entrant: string): boolean {
  return RATIOS.some(({ contest: of, one, other }) => of === contest && (one === entrant || other === entrant));
}

export function judge(
  results: readonly ContestResult[],
  upkeep: readonly JobCost[] | null,
  overload: readonly OverloadRound[] | null,
  memory: MemoryCourse | null,
): Verdict[] {
  const judged = results.filter(({ connections }) => connections === JUDGED_CONNECTIONS);
  const found = (contest: string) => judged.find(({ key }) => key === contest);
  return [
    ...RATIOS.map(({ target, contest, one, other, least }) =>
      verdictOn(target, ratios(found(contest), one, other), { least }),
    ),
    verdictOn("hot counter: our p99, over (a)'s p50", tailsOverMiddles(found('hot')), { most: 1 }),
    ...tableVerdicts(found('rows')),
    ...(upkeep ?? []).flatMap(jobVerdicts),
    verdictOn(
      'offered ten times as much: p99 of what is accepted, over before',
      (overload ?? []).map(({ acceptedP99Ms, possibleP99Ms }) => acceptedP99Ms / possibleP99Ms),
      { most: KEPT_P99 },
    ),
    ...(memory === null ? [] : [memoryVerdict(memory)]),
  ];
}

function verdictOn(target: string, figures: readonly number[], bound: Verdict['bound']): Verdict {
  if (figures.length === 0) return { target, got: null, spread: null, bound, met: null };
  const got = median(figures);
  const spread = figures.length === 1 ? null : ([Math.min(...figures), Math.max(...figures)] as const);
  return { target, got, spread, bound, met: 'least' in bound ? got >= bound.least : got <= bound.most };
}

const ratios = (contest: ContestResult | undefined, one: string, other: string): number[] =>
  contest === undefined ? [] : ratiosOf(contest, one, other);

/** The service's p99 over the p50 of opponent (a), round by round. */
function tailsOverMiddles(hot: ContestResult | undefined): number[] {
  const [ours, naive] = ['service', 'upsert-and-set'].map((key) =>
    hot?.entrants.find((entrant) => entrant.key === key),
  );
  if (ours === undefined || naive === undefined) return [];
  return ours.rounds.map(({ p99Ms }, round) => p99Ms / (naive.rounds[round]?.p50Ms ?? NaN));
}

/** Each larger table over the smallest one. */
function tableVerdicts(rows: ContestResult | undefined): Verdict[] {
  const [smallest, ...larger] = rows?.entrants ?? [];
  if (rows === undefined || smallest === undefined) return [];
  const target = (entrant: EntrantResult) => `${entrant.label}, over ${smallest.label}`;
  return larger.map((entrant) =>
    verdictOn(target(entrant), ratiosOf(rows, entrant.key, smallest.key), { least: FLAT }),
  );
}

function jobVerdicts({ job, counters, seconds, quietP99Ms, p99Ms, mostEarlyMib, mostLateMib }: JobCost): Verdict[] {
  const rate = (least: number): Verdict => verdictOn(`${job}: counters a second`, [counters / seconds], { least });
  const felt = [
    verdictOn(`${job}: the API's p99 meanwhile, over before`, [p99Ms / quietP99Ms], { most: 2 }),
    verdictOn(`${job}: memory in its second half, over the first`, [mostLateMib / mostEarlyMib], { most: FLAT_MEMORY }),
  ];
  switch (job) {
    case 'reconcile':
      return [rate(RECONCILED_A_SECOND), ...felt];
    case 'rehydrate all':
      return [rate(REHYDRATED_A_SECOND), ...felt];
    case 'rehydrate':
      return felt;
    case 'fill by reads':
      // Clients' own doing, as fast as they ask for it.
      return [];
  }
}

/** The end of a long run over its second tenth, when code is compiled and caches are full. */
function memoryVerdict({ minutes, tenthsMib }: MemoryCourse): Verdict {
  const growth = (tenthsMib.at(-1) ?? NaN) / (tenthsMib[1] ?? NaN);
  return verdictOn(`memory after ${minutes} minutes, over the second tenth`, [growth], { most: FLAT_MEMORY });
}
