/** How long a lane takes for a batch, and how many increments are in it: the means, by a formula. */
import { MAX_BATCH } from './simulation.js';

export interface Lanes {
  readonly perSecond: number;
  /** Increments in a request. */
  readonly perRequest: number;
  /** Names that increments are of, all alike but for the hot one. */
  readonly names: number;
  /** Of the increments, how many are of one and the same name. */
  readonly hotShare: number;
  readonly instances: number;
  /** Of each instance. */
  readonly lanes: number;
  /** Of Postgres, less what the history takes. */
  readonly processors: number;
  /** Of one flush, the mean, and what 99 of 100 do not exceed; and to Postgres and back. */
  readonly flushMs: number;
  readonly flushP99Ms: number;
  readonly roundTripMs: number;
  /** Milliseconds of an instance for a request. */
  readonly requestMs: number;
  /** Milliseconds of a processor of Postgres for a batch of so many names. */
  readonly statementMs: (names: number) => number;
}

/** What holds an increment up: `latency` is statement, flush and network, of which nothing can be hurried. */
export type Bound = 'latency' | 'processors' | 'rows' | 'full batches' | 'instances';

export interface Cycle {
  /** From taking a batch to its answer, milliseconds. */
  readonly ms: number;
  readonly increments: number;
  readonly names: number;
  /** Batches of all lanes in a second. */
  readonly perSecond: number;
  /** Processors of Postgres. */
  readonly processors: number;
  readonly bound: Bound;
  /** Of an increment, from reaching its instance to its answer. Infinite where more comes than can be done. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const ROUNDS = 300;

/**
 * A lane commits what came during its last commit. So a batch has as many increments as come while one is under way, and
 * the time of one depends on its names: what agrees with both is found by trying.
 */
export function cycleOf(setting: Lanes): Cycle {
  // One name is in one lane of each instance, and leaves the others idle.
  const lanes = setting.instances * Math.min(setting.lanes, setting.hotShare === 1 ? 1 : setting.names);
  const perLaneMs = setting.perSecond / lanes / 1_000;
  // Those of one request come at once, and are divided among the lanes of their instance.
  const atOnce = Math.max(1, (setting.perRequest * setting.instances) / lanes);
  const busyFor = (ms: number): number => Math.min(1, (perLaneMs * ms) / atOnce);
  let increments = atOnce;
  let cycle = cycleWith(setting, lanes, increments, 0);
  for (let round = 0; round < ROUNDS; round += 1) {
    const wanted = Math.min(MAX_BATCH, Math.max(atOnce, perLaneMs * cycle.ms));
    increments += (wanted - increments) / 2;
    cycle = cycleWith(setting, lanes, increments, busyFor(cycle.ms));
  }
  const { ms, names, statementMs } = cycle;
  const perSecond = Math.min(setting.perSecond / increments, (lanes * 1_000) / ms);
  const processors = (perSecond * statementMs) / 1_000;
  const found = { ms, increments, names, perSecond, processors };
  const own = instanceMs(setting);
  const isFull = perLaneMs * ms > MAX_BATCH * 1.001;
  if (isFull || own.p99 === Infinity) {
    return { ...found, bound: isFull ? 'full batches' : 'instances', p50Ms: Infinity, p99Ms: Infinity };
  }
  // It finds its lane at work with this chance, and then waits for the rest of a commit before its own.
  const busy = busyFor(ms);
  return {
    ...found,
    bound: own.p99 > ms * (1 + 0.99 * busy) ? 'instances' : cycle.bound,
    p50Ms: own.p50 + ms * (1 + 0.5 * busy) + setting.roundTripMs,
    p99Ms: own.p99 + ms * (1 + 0.99 * busy) + setting.flushP99Ms - setting.flushMs + setting.roundTripMs,
  };
}

/** What an instance itself takes, as one server of a queue for requests that take as long each (M/D/1). */
function instanceMs({ perSecond, perRequest, instances, requestMs: ms }: Lanes): { p50: number; p99: number } {
  const load = ((perSecond / perRequest / instances) * ms) / 1_000;
  if (load >= 1) return { p50: Infinity, p99: Infinity };
  const each = ms / (2 * (1 - load));
  return { p50: ms + load * each, p99: ms + each * Math.max(0, Math.log(100 * load)) };
}

/** @param busy how much of the time each lane is at work, 0 to 1 */
function cycleWith(setting: Lanes, lanes: number, increments: number, busy: number) {
  const names = namesIn(setting, increments);
  const statementMs = setting.statementMs(names);
  // Alone, a flush begins at once. Else one may be under way that began too early: that of any lane, and surely that of
  // the first of those that share a request.
  const sharing = Math.min(setting.lanes, setting.perRequest);
  const flushMs = setting.flushMs * (lanes > 1 ? 1 + Math.max(busy / 2, 1 - 1 / sharing) : 1);
  const latencyMs = setting.roundTripMs + statementMs + flushMs;
  const processorsMs = (lanes * busy * statementMs) / setting.processors;
  const rowsMs = rowsMsOf(setting, names, increments, statementMs, busy);
  const ms = Math.max(latencyMs, processorsMs, rowsMs);
  const bound: Bound = ms === latencyMs ? 'latency' : ms === processorsMs ? 'processors' : 'rows';
  return { ms, names, statementMs, bound };
}

/** Different names among so many increments of one lane. */
function namesIn({ names, hotShare, lanes }: Lanes, increments: number): number {
  const hot = 1 - (1 - hotShare) ** increments;
  return Math.max(1, hot + different(names / Math.min(lanes, names), increments * (1 - hotShare)));
}

/**
 * Batches of different instances that have a name in common go one after the other, from the first such name on to the
 * end of the commit.
 */
function rowsMsOf(setting: Lanes, names: number, increments: number, statementMs: number, busy: number): number {
  const { hotShare, instances, lanes } = setting;
  const pool = setting.names / Math.min(lanes, setting.names);
  const hot = (1 - (1 - hotShare) ** increments) ** 2;
  const others = different(pool, increments * (1 - hotShare)) ** 2 / pool;
  const meet = 1 - (1 - hot) * Math.exp(-others);
  // The first of several that are spread over the names of a batch.
  const held = names === 1 ? 1 : (hot + others) / (hot + others + 1);
  return (1 + (instances - 1) * busy * meet) * (statementMs * held + setting.flushMs);
}

/** How many different ones there are among so many, drawn from a pool where all are alike. */
export function different(pool: number, drawn: number): number {
  return pool * (1 - Math.exp(-drawn / pool));
}

/** The highest rate, increments a second, at which 99 of 100 wait no longer than that. */
export function highestRate(answersWithin: (perSecond: number) => boolean, steps = 40): number {
  let [low, high] = [0, 1_000];
  while (answersWithin(high) && high < 1e9) [low, high] = [high, high * 2];
  for (let step = 0; step < steps; step += 1) {
    const middle = (low + high) / 2;
    if (answersWithin(middle)) low = middle;
    else high = middle;
  }
  return low;
}
