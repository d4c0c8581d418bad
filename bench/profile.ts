/**
 * Where the service spends its CPU time: loads it under V8's profiler and prints the functions that took most. Called
 * with an operation (increment, read, mixed, batch), `hot` or a number of counters, seconds, and `keyed` where there
 * are to be keys.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Arena } from './arena.js';
import { startService } from './child.js';
import { findGenerator } from './load/generator.js';
import { nameOf, type Operation, type Workload } from './load/workload.js';
import { seedByBatches } from './seed.js';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 3;
const SHOWN = 40;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const [operation = 'increment', names = 'hot', seconds = '10', keys = ''] = process.argv.slice(2);
const count = names === 'hot' ? 1 : Number(names);
const workload: Workload = {
  operation: operation as Operation,
  names: names === 'hot' ? { kind: 'hot' } : { kind: 'uniform', count },
  keyed: keys === 'keyed',
};

process.env['TEST_SERVERS'] ??= 'local';
const folder = await mkdtemp(join(tmpdir(), 'evercount-profile-'));
const arena = new Arena();
try {
  const redis = await arena.serviceRedis();
  const environment = { DATABASE_URL: await arena.serviceDatabase(), REDIS_URL: redis.url };
  const service = await startService(environment, ['--cpu-prof', `--cpu-prof-dir=${folder}`]);
  await seedByBatches(
    service.url,
    Array.from({ length: count }, (_, index) => nameOf(index)),
  );
  const generator = findGenerator(console.log);
  await generator.run(service.url, workload, CONNECTIONS, WARM_UP_SECONDS);
  const loadedAtMs = performance.now();
  const { requests, p50Ms, p99Ms } = await generator.run(service.url, workload, CONNECTIONS, Number(seconds));
  await service.stop();
  const lastMs = performance.now() - loadedAtMs;
  console.log(`${Math.round(requests / Number(seconds))}/s under the profiler, p50 ${p50Ms} ms, p99 ${p99Ms} ms`);
  const [file = ''] = await readdir(folder);
  print(JSON.parse(await readFile(join(folder, file), 'utf8')) as Profile, lastMs);
} finally {
  await arena.stop();
  await rm(folder, { recursive: true });
}

/** @param lastMs this much before the end, the start of the process is over */
function print({ nodes, samples, timeDeltas }: Profile, lastMs: number): void {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [functions, places] = [new Map<string, number>(), new Map<string, number>()];
  let leftMs = timeDeltas.reduce((sum, microseconds) => sum + microseconds, 0) / 1000;
  samples.forEach((id, index) => {
    const ms = (timeDeltas[index] ?? 0) / 1000;
    leftMs -= ms;
    const frame = frames.get(id);
    if (leftMs > lastMs || frame === undefined || frame.functionName === '(idle)') return;
    const place = placeOf(frame.url);
    add(places, place === '' ? 'V8 and system calls' : (/^(@[^/]+\/)?[^/]+/.exec(place)?.[0] ?? place), ms);
    add(
      functions,
      `${frame.functionName || '(anonymous)'} ${place === '' ? '' : `${place}:${frame.lineNumber + 1}`}`,
      ms,
    );
  });
  printShares('Where', places);
  printShares('Functions', functions);
}

function add(sums: Map<string, number>, key: string, ms: number): void {
  sums.set(key, (sums.get(key) ?? 0) + ms);
}

function printShares(title: string, sums: ReadonlyMap<string, number>): void {
  const allMs = [...sums.values()].reduce((sum, ms) => sum + ms, 0);
  console.log(`\n${title}, by share of ${Math.round(allMs)} ms of CPU time`);
  const descending = [...sums].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  for (const [label, ms] of descending) console.log(`${((ms / allMs) * 100).toFixed(1).padStart(5)} %  ${label}`);
}

/** Packages by their name, our own files from the root of the repository. */
function placeOf(url: string): string {
  return url.replace(`file://${ROOT}`, '').replace(/^.*node_modules\//, '');
}
