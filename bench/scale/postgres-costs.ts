/** What statements cost the server, in time of its processor: true also on a machine that does other things as well. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { COUNTER_COLUMNS } from '../../src/store/counter-row.js';
import { nameOf } from '../load/workload.js';
import { seedRows } from '../seed.js';

/** Counters in the table; more than fit into anybody's memory would make each a little dearer. */
const COUNTERS = 200_000;

/** Names in one statement that are measured. */
export const SIZES = [1, 10, 100, 500] as const;

/** Units of a cluster: a row each. */
export const UNITS = 256;

/** A tick of /proc is 10 ms: of so many milliseconds one is little. */
const LEAST_MS = 1_000;

const TICK_MS = 10;

/** Milliseconds of one processor for one statement. */
export interface PostgresCosts {
  /** Of a statement that reads so many counters, by how many. */
  readonly reads: ReadonlyMap<number, number>;
  /** Of a poll that reads the rows of all units, and of one that asks for those that changed since. */
  readonly allUnitsMs: number;
  readonly changedUnitsMs: number;
}

const READ = `SELECT ${COUNTER_COLUMNS} FROM counters WHERE name = ANY($1::text[])`;

/** The guard's row, once for each unit. */
const UNITS_TABLE = `
  CREATE TEMP TABLE units AS
  SELECT unit, 1::bigint AS epoch, repeat('f', 40) || ':' || repeat('e', 40) AS place, 0::bigint AS rank, true AS settled,
         clock_timestamp() AS blind_until, 0::bigint AS blind_periods, 'quiet' AS quiet, unit::bigint AS change
  FROM generate_series(0, ${UNITS - 1}) AS unit`;

const UNIT =
  'unit, epoch, place, rank, settled, blind_until > clock_timestamp() AS blind, blind_periods, quiet, change';

/** @param url of a database that is empty but for the service's tables */
export async function measurePostgres(url: string): Promise<PostgresCosts> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await seedRows(url, COUNTERS);
    // As the sessions of the service.
    await client.query('SET jit = off');
    await client.query('SET enable_seqscan = off');
    const reads = new Map<number, number>();
    for (const size of SIZES) {
      reads.set(size, await costOf(client, 'read', READ, () => [Array.from({ length: size }, anyName)]));
    }
    await client.query(UNITS_TABLE);
    await client.query('CREATE INDEX ON units (change)');
    const allUnitsMs = await costOf(client, 'all', `SELECT ${UNIT} FROM units`, () => []);
    const changed = `SELECT ${UNIT} FROM units WHERE change > $1`;
    const changedUnitsMs = await costOf(client, 'changed', changed, () => [UNITS]);
    return { reads, allUnitsMs, changedUnitsMs };
  } finally {
    await client.end();
  }
}

const anyName = (): string => nameOf(Math.floor(Math.random() * COUNTERS));

async function costOf(client: pg.Client, name: string, text: string, values: () => unknown[]): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid ?? 0;
  // Prepared, and its plan chosen for good.
  for (let time = 0; time < 20; time += 1) await client.query({ name, text, values: values() });
  const beganMs = await usedMs(pid);
  for (let times = 1; ; times += 1) {
    await client.query({ name, text, values: values() });
    if (times % 50 !== 0) continue;
    const usedSoFarMs = (await usedMs(pid)) - beganMs;
    if (usedSoFarMs >= LEAST_MS) return usedSoFarMs / times;
  }
}

/** Time of the processor that a process has used. */
async function usedMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [, , , , , , , , , , , user = '0', system = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(user) + Number(system)) * TICK_MS;
}
