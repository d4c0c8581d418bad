/**
 * Where the service spends its CPU time: loads it under V8's profiler and prints the functions that took most. Called
 * with an operation (increment, read, mixed, batch), `hot` or a number of counters, seconds, and `keyed` where there
 * are to be keys.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Arena } from './arena.js';
import { startService } from './child.js';
import { addedUp, monotonicMicros, type Spent, spentIn } from './cpu-profile.js';
import { findGenerator } from './load/generator.js';
import { nameOf, type Operation, type Workload } from './load/workload.js';
import { seedByBatches } from './seed.js';

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 3;
const SHOWN = 40;

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
  const fromMicros = monotonicMicros();
  const { requests, p50Ms, p99Ms } = await generator.run(service.url, workload, CONNECTIONS, Number(seconds));
  const toMicros = monotonicMicros();
  await service.stop();
  console.log(`${Math.round(requests / Number(seconds))}/s under the profiler, p50 ${p50Ms} ms, p99 ${p99Ms} ms`);
  const spent = await spentIn(folder, fromMicros, toMicros);
  printShares('Where', spent, ({ place }) => placeOf(place));
  printShares('Functions', spent, ({ label }) => label);
} finally {
  await arena.stop();
  await rm(folder, { recursive: true });
}

function printShares(title: string, spent: readonly Spent[], keyOf: (one: Spent) => string): void {
  const allMs = spent.reduce((sum, { ms }) => sum + ms, 0);
  console.log(`\n${title}, by share of ${Math.round(allMs)} ms of CPU time`);
  for (const [label, ms] of addedUp(spent, keyOf).slice(0, SHOWN)) {
    console.log(`${((ms / allMs) * 100).toFixed(1).padStart(5)} %  ${label}`);
  }
}

function placeOf(place: string): string {
  return place === '' ? 'V8 and system calls' : (/^(@[^/]+\/)?[^/]+/.exec(place)?.[0] ?? place);
}
