/** What many instances ask of Postgres: by what its statements cost, for figures that no machine at hand could serve. */
import { NAMES_A_STATEMENT_COSTS } from '../../src/store/read-budget.js';
import { onCurve } from '../curve.js';
import type { PostgresCosts } from './postgres-costs.js';

/** Reads a second of all clients together. */
export const READS_PER_SECOND = 100_000;

/** Questions of one instance to the guard's rows in a second. */
const POLLS_PER_SECOND = 5;

/** Statements that one instance has under way at once: the connections of its fills. */
const STATEMENTS_AT_ONCE = 3;

/** Between the instance and Postgres, there and back; and in the instance, for each statement. */
const ROUND_TRIP_MS = 0.5;

/** So many names a statement reads at most. */
const MOST_NAMES = 500;

/** What Postgres spends on polls, processors. */
export function pollingCost(costs: PostgresCosts, instances: number, asks: 'all rows' | 'changed rows'): number {
  const each = asks === 'all rows' ? costs.allUnitsMs : costs.changedUnitsMs;
  return (instances * POLLS_PER_SECOND * each) / 1_000;
}

export interface Storm {
  /** Of all reads, how many go to Postgres. */
  readonly missesPerSecond: number;
  readonly answeredPerSecond: number;
  readonly refusedPerSecond: number;
  readonly statementsPerSecond: number;
  readonly namesInStatement: number;
  /** Of Postgres, for these reads alone. */
  readonly processors: number;
}

/**
 * A share of the cache fails, and its reads go to Postgres. Each instance sends a statement when one of its connections
 * is free and its budget allows it; reads that come meanwhile go together.
 *
 * @param share of the reads: 1 of a single Redis, 1/3 of a cluster of three
 * @param budget names that each instance may read in a second; Infinity: as many as come
 */
export function storm(costs: PostgresCosts, instances: number, share: number, budget: number): Storm {
  const arriving = (READS_PER_SECOND * share) / instances;
  const answered = Math.min(arriving, mostNames(budget));
  const statements = statementsFor(costs, answered, budget);
  const names = answered / statements;
  return {
    missesPerSecond: arriving * instances,
    answeredPerSecond: answered * instances,
    refusedPerSecond: (arriving - answered) * instances,
    statementsPerSecond: statements * instances,
    namesInStatement: names,
    processors: (statements * instances * costOf(costs, names)) / 1_000,
  };
}

/** Names in a second, where statements are as full as they can be. */
function mostNames(budget: number): number {
  return (budget * MOST_NAMES) / (MOST_NAMES + NAMES_A_STATEMENT_COSTS);
}

/** As many statements as names, as long as neither the connections nor the budget hold them up. */
function statementsFor(costs: PostgresCosts, names: number, budget: number): number {
  const byBudget = budget === Infinity ? Infinity : (budget - names) / NAMES_A_STATEMENT_COSTS;
  let statements = names;
  // What a statement takes depends on how full it is: a few rounds settle it.
  for (let round = 0; round < 50; round += 1) {
    const tookMs = ROUND_TRIP_MS + costOf(costs, names / statements);
    const byConnections = (STATEMENTS_AT_ONCE * 1_000) / tookMs;
    const wanted = Math.min(names, byConnections, byBudget);
    statements += (Math.max(wanted, names / MOST_NAMES) - statements) / 2;
  }
  return statements;
}

const costOf = ({ reads }: PostgresCosts, names: number): number => onCurve(reads, names);
