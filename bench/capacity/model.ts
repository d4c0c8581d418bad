/** What a rate of increments asks for, by what was measured: machines, and what each of them is busy with. */
import { AIM, type Costs, flushOf, LONGEST_P99_MS, type Node, requestMs, ROUND_TRIP_MS, statementMs } from './costs.js';
import { type Cycle, cycleOf, different } from './cycle.js';

export interface Demand {
  /** Increments a second. */
  readonly perSecond: number;
  readonly counters: number;
  /** Of the increments of each Postgres, how many are of one and the same counter; the others are of all alike. */
  readonly hotShare: number;
  /** Increments in a request. */
  readonly perRequest: number;
  /** Each with an idempotency key, kept for a day. */
  readonly keyed: boolean;
  /** `HISTORY_HOURS_DAYS`. */
  readonly hoursKeptDays: number;
}

/** Of what one Postgres has: how much is used, 1 is all. */
export type Shares = Readonly<Record<'processors' | 'waiting' | 'history' | 'log' | 'reads' | 'disk', number>>;

/** One service with one Postgres, under its part of the demand. */
export interface Evercount {
  readonly instances: number;
  /** Of each instance. */
  readonly lanes: number;
  readonly cycle: Cycle;
  readonly shares: Shares;
  readonly logBytesPerSecond: number;
  readonly diskBytes: number;
  readonly processors: number;
}

/** As many of them as it takes, each with names of its own. */
export interface Needs {
  readonly evercounts: number;
  readonly one: Evercount;
  /** What one fewer would have too little of. */
  readonly bendsFirst: keyof Shares;
  readonly redisMasters: number;
}

const DAY_SECONDS = 86_400;
const YEAR_DAYS = 365;

/** How long a batch stays in its log, seconds; the history has it by then. */
const BATCH_LIFE_SECONDS = 600;

/** `checkpoint_timeout`; `max_wal_size` is taken for large enough. */
const CHECKPOINT_SECONDS = 300;

/** Of the memory, what is left to pages of counters. */
const MEMORY_FOR_COUNTERS = 0.7;

const LANES = [1, 2, 4, 8, 16, 32] as const;

/** @returns null where no number of services would do: a counter is in one of them */
export function needsOf(costs: Costs, demand: Demand, node: Node): Needs | null {
  const suits = (count: number): boolean => worst(part(costs, demand, node, count).shares)[1] <= AIM;
  let most = 1;
  while (!suits(most)) {
    if (most >= demand.counters || most > 1e6) return null;
    most = Math.min(2 * most, demand.counters);
  }
  let least = Math.floor(most / 2);
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    if (suits(middle)) most = middle;
    else least = middle;
  }
  const one = part(costs, demand, node, most);
  const [bendsFirst] = worst(part(costs, demand, node, Math.max(1, most - 1)).shares);
  const publishes = most * one.cycle.perSecond * one.cycle.names;
  const byProcessor = (publishes * costs.publishMs) / 1_000 / AIM;
  const byMemory = (demand.counters * costs.entryBytes) / node.redisBytes / AIM;
  return {
    evercounts: most,
    one,
    bendsFirst,
    redisMasters: Math.max(most, Math.ceil(byProcessor), Math.ceil(byMemory)),
  };
}

function worst(shares: Shares): [keyof Shares, number] {
  const sorted = (Object.entries(shares) as [keyof Shares, number][]).sort(([, a], [, b]) => b - a);
  return sorted[0] ?? ['processors', Infinity];
}

/** One of `count`, with as few lanes as will do. */
function part(costs: Costs, demand: Demand, node: Node, count: number): Evercount {
  const own = { ...demand, perSecond: demand.perSecond / count, counters: Math.max(1, demand.counters / count) };
  const tried = LANES.map((lanes) => evercount(costs, own, node, lanes));
  const least = tried.reduce((best, other) => (worst(other.shares)[1] < worst(best.shares)[1] ? other : best));
  return tried.find(({ shares }) => worst(shares)[1] <= AIM) ?? least;
}

/** What one service with one Postgres is busy with. */
export function evercount(costs: Costs, demand: Demand, node: Node, lanes: number): Evercount {
  const { perSecond, counters, hotShare, perRequest, keyed } = demand;
  const instances = instancesFor(costs, perSecond, perRequest);
  // Minutes of counters in which something changed, a second.
  const minutes = changedIn(demand, 60) / 60;
  const ofCycle = (processors: number): Cycle =>
    cycleOf({
      perSecond,
      perRequest,
      names: counters,
      hotShare,
      instances,
      lanes,
      processors,
      ...flushOf(costs),
      requestMs: requestMs(costs, perRequest),
      roundTripMs: ROUND_TRIP_MS,
      statementMs: (names) => statementMs(costs, counters, keyed, names),
    });
  const names = (cycle: Cycle): number => cycle.perSecond * cycle.names;
  const historyOf = (cycle: Cycle): number => (names(cycle) * costs.changeMs + minutes * costs.minuteMs) / 1_000;
  // What it leaves to the lanes changes their batches, and these what it has to do: a little.
  const history = historyOf(ofCycle(node.processors));
  const cycle = ofCycle(Math.max(0.1, node.processors - history));
  const processors = cycle.processors + historyOf(cycle);
  const pages = counters / costs.countersOnPage;
  const logBytesPerSecond =
    cycle.perSecond * costs.logPerBatch +
    names(cycle) * costs.logPerName +
    (keyed ? perSecond * costs.logPerKey : 0) +
    minutes * costs.logPerMinute +
    (different(pages, names(cycle) * CHECKPOINT_SECONDS) / CHECKPOINT_SECONDS) * costs.logPerPage;
  const inMemory = Math.min(1, (node.memoryBytes * MEMORY_FOR_COUNTERS) / (counters * costs.counterBytes));
  const diskBytes = diskOf(costs, demand, names(cycle));
  const shares: Shares = {
    processors: processors / node.processors,
    // A wait that is within its bound is within the aim.
    waiting: (cycle.p99Ms / LONGEST_P99_MS) * AIM,
    history: historyOf(cycle),
    log: logBytesPerSecond / node.logBytesPerSecond,
    reads: (names(cycle) * (1 - inMemory)) / node.readsPerSecond,
    disk: diskBytes / node.diskBytes,
  };
  return { instances, lanes, cycle, shares, logBytesPerSecond, diskBytes, processors };
}

/** Processes of the service. */
export function instancesFor(costs: Costs, perSecond: number, perRequest: number): number {
  return Math.max(1, Math.ceil(((perSecond / perRequest) * requestMs(costs, perRequest)) / 1_000 / AIM));
}

/** Counters that change within so many seconds. */
function changedIn({ perSecond, counters, hotShare }: Demand, seconds: number): number {
  const hot = hotShare > 0 ? 1 : 0;
  return Math.min(counters, hot + different(counters, perSecond * (1 - hotShare) * seconds));
}

/** After a year. */
function diskOf(costs: Costs, demand: Demand, namesPerSecond: number): number {
  const { perSecond, counters, keyed, hoursKeptDays } = demand;
  return (
    counters * costs.counterBytes +
    namesPerSecond * BATCH_LIFE_SECONDS * costs.batchNameBytes +
    (keyed ? perSecond * DAY_SECONDS * costs.keyBytes : 0) +
    changedIn(demand, 60) * (DAY_SECONDS / 60) * costs.minuteBytes +
    changedIn(demand, 3_600) * 24 * hoursKeptDays * costs.hourBytes +
    changedIn(demand, DAY_SECONDS) * YEAR_DAYS * costs.dayBytes
  );
}
