/**
 * What a batch of increments costs Postgres where the table is large, and what would make it cheaper: other settings of the
 * server, and other tables. CPU time of the session, which other work on the machine disturbs least, and bytes of the log.
 * Called with rows of the large table, and batches a turn.
 */
import type pg from 'pg';
import { migrate } from '../src/store/migrate.js';
import { startPostgres, type TestPostgres } from '../test/support/servers.js';
import { batchOf, type Bench, logPosition, openBench } from './capacity/statement-costs.js';
import { cpuSeconds } from './cpu.js';
import { nameOf } from './load/workload.js';
import { median } from './median.js';
import { inPostgres } from './postgres.js';
import { seedRows } from './seed.js';

/** As large as those of 64 connections. */
const NAMES_IN_BATCH = 32;
const SMALL = 1_000;
const ROUNDS = 5;
const MICROSECONDS = 1e6;

const [rows = '10000000', batches = '500', which = ''] = process.argv.slice(2);

/** A server, and what is done to its empty table. */
interface Way {
  readonly label: string;
  readonly rows: number;
  readonly settings?: readonly string[];
  readonly table?: string;
}

const LARGE = Number(rows);
const PARTITIONS = 16;

const WAYS: readonly Way[] = [
  { label: `${SMALL} rows`, rows: SMALL },
  { label: 'large', rows: LARGE },
  { label: 'large, shared_buffers = 4GB', rows: LARGE, settings: ['shared_buffers=4GB'] },
  {
    label: 'large, shared_buffers = 4GB, no full pages',
    rows: LARGE,
    settings: ['shared_buffers=4GB', 'full_page_writes=off'],
  },
  { label: 'large, wal_compression = on', rows: LARGE, settings: ['wal_compression=on'] },
  { label: 'large, full_page_writes = off', rows: LARGE, settings: ['full_page_writes=off'] },
  { label: 'large, fillfactor 95', rows: LARGE, table: 'ALTER TABLE counters SET (fillfactor = 95)' },
  { label: `large, ${PARTITIONS} hash partitions`, rows: LARGE, table: partitioned() },
];

function partitioned(): string {
  const parts = Array.from(
    { length: PARTITIONS },
    (_, part) => `CREATE TABLE counters_${part} PARTITION OF counters
      FOR VALUES WITH (MODULUS ${PARTITIONS}, REMAINDER ${part}) WITH (fillfactor = 70)`,
  );
  return `
    ALTER TABLE counters RENAME TO counters_before;
    ALTER TABLE counters_before RENAME CONSTRAINT counters_pkey TO counters_before_pkey;
    CREATE TABLE counters (LIKE counters_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY HASH (name);
    ${parts.join(';')};
    ALTER TABLE counters ADD CONSTRAINT counters_pkey PRIMARY KEY (name)`;
}

interface Turn {
  readonly micros: number;
  readonly milliseconds: number;
  readonly logBytes: number;
}

async function turnOf(postgres: TestPostgres, bench: Bench, way: Way): Promise<Turn> {
  // Each page is then changed for the first time since, as most are between the checkpoints of a large table.
  await inPostgres(postgres.url, (client) => client.query('CHECKPOINT'));
  const [log, usedBefore, begun] = [await logPosition(bench.pool), cpuSeconds(bench.pid), performance.now()];
  const count = Number(batches);
  for (let batch = 0; batch < count; batch += 1) {
    const names = new Set<string>();
    while (names.size < NAMES_IN_BATCH) names.add(nameOf(Math.floor(Math.random() * way.rows)));
    await bench.batches.apply(batchOf([...names], false), false);
  }
  const increments = count * NAMES_IN_BATCH;
  return {
    micros: ((cpuSeconds(bench.pid) - usedBefore) * MICROSECONDS) / increments,
    milliseconds: (performance.now() - begun) / count,
    logBytes: ((await logPosition(bench.pool)) - log) / increments,
  };
}

async function measure(way: Way): Promise<readonly Turn[]> {
  const postgres = await startPostgres({ settings: way.settings ?? [] });
  let pool: pg.Pool | null = null;
  try {
    await migrate(postgres.url);
    await inPostgres(postgres.url, (client) => client.query(way.table ?? 'SELECT'));
    await seedRows(postgres.url, way.rows);
    await inPostgres(postgres.url, async (client) => {
      await client.query('CREATE EXTENSION pg_prewarm');
      await client.query(`SELECT pg_prewarm('counters'), pg_prewarm('counters_pkey')`);
    });
    const bench = await openBench(postgres.url);
    ({ pool } = bench);
    await turnOf(postgres, bench, way);
    const turns: Turn[] = [];
    while (turns.length < ROUNDS) turns.push(await turnOf(postgres, bench, way));
    return turns;
  } finally {
    await pool?.end();
    await postgres.stop();
  }
}

process.env['TEST_SERVERS'] ??= 'local';
console.log(`${LARGE} rows where it is large; ${batches} batches of ${NAMES_IN_BATCH} names, ${ROUNDS} turns, medians`);
console.log(`${' '.repeat(44)} µs a name   ms a batch   bytes of log a name`);
for (const way of WAYS.filter(({ label }) => label.includes(which))) {
  const turns = await measure(way).catch((error: unknown) => String(error));
  if (typeof turns === 'string') {
    console.log(way.label.padEnd(44), turns);
    continue;
  }
  const of = (figure: keyof Turn): number => median(turns.map((turn) => turn[figure]));
  const figures = [of('micros').toFixed(1), of('milliseconds').toFixed(2), of('logBytes').toFixed(0)];
  console.log(way.label.padEnd(44), ...figures.map((figure) => figure.padStart(12)));
}
