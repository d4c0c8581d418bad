/** What batches of increments cost Postgres: the service's own statement, on its own tables. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { poolOf } from '../../src/store/connections.js';
import { IncrementBatches } from '../../src/store/increment-batches.js';
import type { IncrementBatch } from '../../src/store/increment-codec.js';
import { Replication } from '../../src/store/replication.js';
import { Writability } from '../../src/store/writability.js';
import { cpuSeconds } from '../cpu.js';
import type { Curve } from '../curve.js';
import { nameOf } from '../load/workload.js';
import { inPostgres } from '../postgres.js';
import { seedRows } from '../seed.js';
import type { StatementCosts } from './costs.js';

/** Names in a batch. */
const SIZES = [1, 10, 100, 500, 2_000] as const;
const KEYED_SIZES = [1, 100, 500] as const;

/** In the table. */
const COUNTERS = 500_000;

/** So much of a processor is used for each figure. */
const LEAST_MS = 800;

/** Prepared, its plan chosen for good, and its pages in memory. */
const WARM_UP = 15;

const MILLISECONDS = 1_000;

/** Who measures: one connection, and the process of Postgres behind it. */
export interface Bench {
  readonly pool: pg.Pool;
  readonly batches: IncrementBatches;
  readonly pid: number;
}

/** @param url of a database that is empty but for the service's tables */
export async function openBench(url: string): Promise<Bench> {
  const pool = poolOf(url, 1);
  const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const batches = new IncrementBatches(pool, new Replication(pool), new Writability(pool));
  return { pool, batches, pid: rows[0]?.pid ?? 0 };
}

/** @param url of a database that is empty but for the service's tables */
export async function measureStatements(url: string): Promise<StatementCosts> {
  await seedRows(url, COUNTERS);
  const bench = await openBench(url);
  const { pool } = bench;
  try {
    const [same, anywhere, keyed] = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()];
    const plain = new Map<number, number>();
    for (const size of SIZES) {
      const names = anyNames(size);
      const found = await costOf(bench, () => batchOf(names, false));
      same.set(size, found.ms);
      plain.set(size, found.logBytes);
      anywhere.set(size, (await costOf(bench, () => batchOf(anyNames(size), false))).ms);
    }
    const batchNameBytes =
      (await bytesOf(pool, 'batches')) / (await count(pool, 'SELECT sum(cardinality(names)) FROM batches'));
    const { rows } = await pool.query<{ bytes: number; pages: number }>(
      `SELECT pg_total_relation_size('counters')::float AS bytes, (pg_relation_size('counters') / 8192)::float AS pages`,
    );
    const logPerPage = await pageBytes(url, bench, lineOf(plain));
    let logPerKey = 0;
    for (const size of KEYED_SIZES) {
      const names = anyNames(size);
      const found = await costOf(bench, () => batchOf(names, true));
      keyed.set(size, found.ms);
      logPerKey = (found.logBytes - valueAt(lineOf(plain), size)) / size;
    }
    const [logPerBatch, logPerName] = lineOf(plain);
    return {
      same,
      anywhere,
      keyed,
      logPerBatch,
      logPerName,
      logPerKey,
      logPerPage,
      countersOnPage: COUNTERS / (rows[0]?.pages ?? NaN),
      counterBytes: (rows[0]?.bytes ?? NaN) / COUNTERS,
      batchNameBytes,
    };
  } finally {
    await pool.end();
  }
}

type Line = readonly [atNone: number, each: number];

/** Through the point of one name and that of 500. */
function lineOf(curve: Curve): Line {
  const [one = NaN, many = NaN] = [curve.get(1), curve.get(500)];
  const each = (many - one) / 499;
  return [one - each, each];
}

const valueAt = ([atNone, each]: Line, size: number): number => atNone + each * size;

/** Names that are each another one. */
function anyNames(size: number, among = COUNTERS): string[] {
  const names = new Set<string>();
  while (names.size < size) names.add(nameOf(Math.floor(Math.random() * among)));
  return [...names];
}

/** As the service makes one: an increment of each. */
export function batchOf(names: readonly string[], keyed: boolean): IncrementBatch {
  const one = { creator: null, sum: 1, count: 1, highest: 1, lowest: 0, expiry: undefined };
  const keyOf = (name: string) => ({
    owner: '',
    key: randomUUID(),
    fingerprint: randomUUID(),
    name,
    addedAfter: 0,
    changesAfter: 0,
  });
  return {
    id: randomUUID(),
    bucket: 0,
    totals: names.map((name) => ({ name, ...one })),
    barred: new Set(),
    keys: keyed ? names.map(keyOf) : [],
    keyTtlHours: 24,
  };
}

async function costOf(bench: Bench, next: () => IncrementBatch): Promise<{ ms: number; logBytes: number }> {
  const { batches, pool, pid } = bench;
  for (let time = 0; time < WARM_UP; time += 1) await batches.apply(next(), false);
  const [log, usedBefore] = [await logPosition(pool), cpuSeconds(pid)];
  for (let times = 1; ; times += 1) {
    await batches.apply(next(), false);
    const usedMs = (cpuSeconds(pid) - usedBefore) * MILLISECONDS;
    if (usedMs >= LEAST_MS) return { ms: usedMs / times, logBytes: ((await logPosition(pool)) - log) / times };
  }
}

/** What the log has more where each name is on a page that nobody changed since the checkpoint. */
async function pageBytes(url: string, bench: Bench, plain: Line): Promise<number> {
  const size = 500;
  await inPostgres(url, (client) => client.query('CHECKPOINT'));
  const before = await logPosition(bench.pool);
  await bench.batches.apply(batchOf(anyNames(size), false), false);
  return ((await logPosition(bench.pool)) - before - valueAt(plain, size)) / size;
}

/** Bytes that were ever written to the log. */
export async function logPosition(pool: pg.Pool): Promise<number> {
  return count(pool, `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')`);
}

/** Indexes included. */
export async function bytesOf(pool: pg.Pool, table: string): Promise<number> {
  return count(pool, `SELECT pg_total_relation_size('${table}')`);
}

export async function count(pool: pg.Pool, select: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(`SELECT (${select})::float8 AS count`);
  return rows[0]?.count ?? NaN;
}
