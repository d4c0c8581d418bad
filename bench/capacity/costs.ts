/** What was measured, and what is assumed of machines that are not at hand. */
import { type Curve, onCurve } from '../curve.js';
import { percentile } from '../median.js';

export interface StatementCosts {
  /** Milliseconds of a processor of Postgres for one batch, by its names: always the same ones, and any of a table. */
  readonly same: Curve;
  readonly anywhere: Curve;
  /** Of any names, with an idempotency key for each. */
  readonly keyed: Curve;
  /** Bytes of the log for each batch, for each of its names, and for each of its keys. */
  readonly logPerBatch: number;
  readonly logPerName: number;
  readonly logPerKey: number;
  /** Bytes of the log for a page that changes for the first time since a checkpoint, beside what changed. */
  readonly logPerPage: number;
  /** Counters on a page of their table. */
  readonly countersOnPage: number;
  /** Bytes on the disk, indexes included, for a counter, and for a name in the log of batches. */
  readonly counterBytes: number;
  readonly batchNameBytes: number;
}

export interface HistoryCosts {
  /** Milliseconds of a processor for each name in a batch, and for each counter and minute in which it changed. */
  readonly changeMs: number;
  readonly minuteMs: number;
  /** Bytes of the log for each counter and minute, hours and days included. */
  readonly logPerMinute: number;
  /** Bytes on the disk for a counter's minute, hour and day, indexes included. */
  readonly minuteBytes: number;
  readonly hourBytes: number;
  readonly dayBytes: number;
}

export interface ServiceCosts {
  /** Milliseconds of the service for a request with one increment, and for one with 100. */
  readonly requestMs: number;
  readonly hundredMs: number;
  /** Milliseconds of Redis for a name that is published. */
  readonly publishMs: number;
  /** Bytes of Redis for an entry, and of Postgres for an idempotency key. */
  readonly entryBytes: number;
  readonly keyBytes: number;
}

export interface Costs extends StatementCosts, HistoryCosts, ServiceCosts {
  /** Flushes of 8 KiB to the disk that were measured, milliseconds. */
  readonly flushMs: readonly number[];
}

/** Of a machine for Postgres or Redis: assumed, where figures of one's own should stand. */
export interface Node {
  /** Of Postgres. A Redis uses one. */
  readonly processors: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** What its disk takes of the log in a second, and the pages it reads in a second. */
  readonly logBytesPerSecond: number;
  readonly readsPerSecond: number;
  /** Of a Redis, for entries. */
  readonly redisBytes: number;
}

export const NODE: Node = {
  processors: 32,
  memoryBytes: 256e9,
  diskBytes: 16e12,
  logBytesPerSecond: 500e6,
  readsPerSecond: 100_000,
  redisBytes: 64e9,
};

/** How much of anything may be used: the rest is for vacuum, checkpoints, clean-up, standbys, and for bad minutes. */
export const AIM = 0.6;

/** The longest that 99 of 100 increments may take, milliseconds. */
export const LONGEST_P99_MS = 50;

/** To Postgres or Redis and back, within one place, milliseconds. */
export const ROUND_TRIP_MS = 0.5;

/** So few names lie in the processor's caches, whoever is asked for. */
const FEW_NAMES = 10_000;

/** The mean of a flush, and what 99 of 100 do not exceed, milliseconds. */
export function flushOf({ flushMs }: Costs): { flushMs: number; flushP99Ms: number } {
  const mean = flushMs.reduce((sum, ms) => sum + ms, 0) / flushMs.length;
  return { flushMs: mean, flushP99Ms: percentile(flushMs, 0.99) };
}

/** Milliseconds of a processor of Postgres for a statement. */
export function statementMs(costs: StatementCosts, counters: number, keyed: boolean, names: number): number {
  if (keyed) return onCurve(costs.keyed, names);
  return onCurve(counters <= FEW_NAMES ? costs.same : costs.anywhere, names);
}

/** Milliseconds of an instance for a request of so many increments. */
export function requestMs({ requestMs: one, hundredMs }: ServiceCosts, increments: number): number {
  return one + ((hundredMs - one) * (increments - 1)) / 99;
}
