/** Where formula, simulation and what was measured are laid beside each other. */
import { AIM, type Costs, flushOf, LONGEST_P99_MS, NODE, requestMs, ROUND_TRIP_MS, statementMs } from './costs.js';
import { type Cycle, cycleOf, highestRate } from './cycle.js';
import type { Run } from './service-costs.js';
import { type Outcome, type QueueCosts, type Setting, simulate } from './simulation.js';

const SEED = 1;

/** The same load as one that was measured, on what others left of the processors. */
export function simulatedRun(costs: Costs, run: Run): Outcome {
  const setting: Setting = {
    instances: 1,
    lanes: 1,
    processors: run.processors,
    together: true,
    names: run.names,
    hotShare: 0,
    perRequest: run.perRequest,
    clients: { kind: 'closed', count: run.clients, thinkMs: run.thinkMs },
    seconds: 4,
    seed: SEED,
  };
  return simulate(setting, {
    statementMs: (names) => statementMs(costs, run.names, false, names),
    requestMs: (run.service * 1_000 * run.perRequest) / run.perSecond,
    flushMs: run.flushMs,
    roundTripMs: 0,
    redisMs: costs.publishMs,
    clientMs: run.clientMs,
  });
}

/** One Postgres, and what comes to it. */
export interface Case {
  readonly label: string;
  readonly names: number;
  readonly hotShare: number;
  readonly instances: number;
  readonly lanes: number;
  readonly perRequest: number;
}

export const CASES: readonly Case[] = [
  { label: 'one name', names: 1, hotShare: 1, instances: 4, lanes: 1, perRequest: 100 },
  { label: '10,000 names', names: 10_000, hotShare: 0, instances: 1, lanes: 1, perRequest: 100 },
  { label: '10,000 names', names: 10_000, hotShare: 0, instances: 1, lanes: 8, perRequest: 100 },
  { label: '10,000 names', names: 10_000, hotShare: 0, instances: 8, lanes: 1, perRequest: 100 },
  { label: '10^9 names', names: 1e9, hotShare: 0, instances: 1, lanes: 1, perRequest: 100 },
  { label: '10^9 names', names: 1e9, hotShare: 0, instances: 8, lanes: 1, perRequest: 100 },
  { label: '10^9 names', names: 1e9, hotShare: 0, instances: 8, lanes: 4, perRequest: 100 },
];

/** What a case would look like at a rate, by the formula. */
export function byFormula(costs: Costs, one: Case, perSecond: number): Cycle {
  const { names, hotShare, instances, lanes, perRequest } = one;
  return cycleOf({
    perSecond,
    perRequest,
    names,
    hotShare,
    instances,
    lanes,
    processors: NODE.processors,
    ...flushOf(costs),
    requestMs: requestMs(costs, perRequest),
    roundTripMs: ROUND_TRIP_MS,
    statementMs: (size) => statementMs(costs, names, false, size),
  });
}

/** And by the simulation. */
export function bySimulation(costs: Costs, one: Case, perSecond: number, seconds = 2): Outcome {
  const { names, hotShare, instances, lanes, perRequest } = one;
  const queueCosts: QueueCosts = {
    statementMs: (size) => statementMs(costs, names, false, size),
    requestMs: requestMs(costs, perRequest),
    flushMs: costs.flushMs,
    roundTripMs: ROUND_TRIP_MS,
    redisMs: 0,
    clientMs: 0,
  };
  const setting: Setting = {
    instances,
    lanes,
    processors: NODE.processors,
    together: false,
    names,
    hotShare,
    perRequest,
    clients: { kind: 'open', requestsPerSecond: perSecond / perRequest },
    seconds,
    seed: SEED,
  };
  return simulate(setting, queueCosts);
}

/** Where a case bends: the highest rate at which 99 of 100 increments are answered in time. */
export interface Bend {
  readonly formula: number;
  readonly simulation: number;
  /** What holds batches up there, by the formula. */
  readonly bound: Cycle['bound'];
}

/** Of rates that are tried, each is as much above the last. */
const STEP = 1.15;

export function bendOf(costs: Costs, one: Case): Bend {
  const formula = highestRate((rate) => byFormula(costs, one, rate).p99Ms <= LONGEST_P99_MS);
  const held = (rate: number): boolean => {
    const { p99Ms, answered } = bySimulation(costs, one, rate, 1);
    return p99Ms <= LONGEST_P99_MS && answered > 0.9;
  };
  let simulation = formula;
  if (held(simulation)) while (simulation < 1e8 && held(simulation * STEP)) simulation *= STEP;
  else while (simulation > 100 && !held(simulation)) simulation /= STEP;
  return { formula, simulation, bound: byFormula(costs, one, formula * 0.999).bound };
}

/** Rates at which formula and simulation are compared: of where the formula says that it bends. */
export const COMPARED_AT = [0.3, AIM, 0.9] as const;
