/** What must hold, judged within one run. */
import { type ContestResult, median, ratioOf } from './rounds.js';

export interface Verdict {
  readonly target: string;
  /** Null: its contest was not run, or an opponent is missing. */
  readonly got: number | null;
  /** `least` or `most` it may be. */
  readonly bound: { readonly least: number } | { readonly most: number };
  readonly met: boolean | null;
}

/** Where targets are judged. */
export const JUDGED_CONNECTIONS = 64;

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
  { target: 'batch of 100, over single calls', contest: 'batch', one: 'service-batched', other: 'service', least: 10 },
  {
    target: 'reads under FLUSHALL, over without',
    contest: 'read',
    one: 'service-flushed',
    other: 'service',
    least: 0.9,
  },
  { target: 'hot counter: keyed, over unkeyed', contest: 'hot', one: 'service-keyed', other: 'service', least: 0.6 },
  {
    target: '10,000 counters: keyed, over unkeyed',
    contest: 'many',
    one: 'service-keyed',
    other: 'service',
    least: 0.6,
  },
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
];

export function judge(results: readonly ContestResult[]): Verdict[] {
  const judged = results.filter(({ connections }) => connections === JUDGED_CONNECTIONS);
  const ratios = RATIOS.map(({ target, contest, one, other, least }): Verdict => {
    const found = judged.find(({ key }) => key === contest);
    const got = found === undefined ? null : ratioOf(found, one, other);
    return { target, got, bound: { least }, met: got === null ? null : got >= least };
  });
  const tail = tailOverMiddle(judged.find(({ key }) => key === 'hot'));
  const target = "hot counter: our p99, over (a)'s p50";
  return [...ratios, { target, got: tail, bound: { most: 1 }, met: tail === null ? null : tail < 1 }];
}

/** The service's p99 over the p50 of opponent (a), round by round. */
function tailOverMiddle(hot: ContestResult | undefined): number | null {
  const [ours, naive] = ['service', 'upsert-and-set'].map((key) =>
    hot?.entrants.find((entrant) => entrant.key === key),
  );
  if (ours === undefined || naive === undefined) return null;
  return median(ours.rounds.map(({ p99Ms }, round) => p99Ms / (naive.rounds[round]?.p50Ms ?? NaN)));
}
