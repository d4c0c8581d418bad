/** Opponent without any HTTP: Postgres' own benchmark program with the upsert of opponents/upsert.ts. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPostgres } from '../src/embedded/postgres-programs.js';
import type { LoadResult } from './load/generator.js';
import type { Names } from './load/workload.js';
import { CREATE_TABLE, UPSERT } from './opponents/upsert.js';
import { inPostgres } from './postgres.js';

const PATIENCE_MS = 30_000;

/** Its time begins before it has connected, what it reports afterwards; so it gets as much longer. */
const CONNECTS_A_SECOND = 100;

/** In a line of pgbench's log: how long the transaction took, in microseconds. */
const LATENCY_FIELD = 2;

const run = promisify(execFile);

/** Where pgbench is: beside the Postgres in use, and only where it was installed with it. */
export function pgbenchPath(): string | null {
  const path = join(findPostgres(null).where, 'pgbench');
  return existsSync(path) ? path : null;
}

/** Runs the upsert, prepared, in one transaction each. */
export async function runPgbench(
  path: string,
  databaseUrl: string,
  names: Names,
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  await inPostgres(databaseUrl, (client) => client.query(CREATE_TABLE));

  const folder = await mkdtemp(join(tmpdir(), 'evercount-pgbench-'));
  try {
    const script = join(folder, 'upsert.sql');
    const count = names.kind === 'hot' ? 1 : names.count;
    await writeFile(script, `\\set n random(0, ${count - 1})\n${UPSERT.replace('$1', "'counter-' || :n")};\n`);
    const log = ['--log', '--log-prefix', join(folder, 'log')];
    const time = seconds + Math.ceil(connections / CONNECTS_A_SECOND);
    const size = ['-j', '1', '-c', String(connections), '-T', String(time)];
    const load = ['-n', '-M', 'prepared', ...size, '-f', script];
    const { stdout } = await run(path, [...load, ...log, databaseUrl], { timeout: seconds * 1000 + PATIENCE_MS });
    const perSecond = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
    const failed = Number(/^number of failed transactions: (\d+)/m.exec(stdout)?.[1] ?? 0);
    const latencies = await latenciesMs(folder);
    const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? NaN;
    const requests = latencies.length;
    return { requests, seconds: requests / perSecond, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), failed };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function latenciesMs(folder: string): Promise<number[]> {
  const logs = (await readdir(folder)).filter((name) => name.startsWith('log.'));
  const texts = await Promise.all(logs.map((name) => readFile(join(folder, name), 'utf8')));
  const lines = texts.flatMap((text) => text.trimEnd().split('\n'));
  return lines.map((line) => Number(line.split(' ')[LATENCY_FIELD]) / 1000).sort((a, b) => a - b);
}
