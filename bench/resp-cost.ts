/**
 * What a command of the Redis protocol costs the service, in CPU time, which other work on the machine disturbs least.
 * Called with seconds a turn, the root of another build to take turns with ('' for none), a part of the labels of the loads
 * that are wanted ('' for all), and `profile` where it is to be told in which layer, by V8's profiler.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../src/embedded/free-port.js';
import { Arena, inRedis } from './arena.js';
import { startService } from './child.js';
import { familyCpuSeconds } from './cpu.js';
import { addedUp, monotonicMicros, type Spent, spentIn } from './cpu-profile.js';
import { median } from './median.js';
import { findRedisBenchmark, type RedisLoad } from './redis-benchmark.js';

/** Of one load: the median of its turns is told, and the least, which other work disturbed least. */
const ROUNDS = 5;
const CONNECTIONS = 64;
const WARM_UP_SECONDS = 4;
const MANY = 10_000;
const SEED_STEP = 500;
const DIGITS = 12;
const SHOWN = 25;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const LOADS: readonly (readonly [label: string, load: RedisLoad])[] = [
  ['GET of one counter, 16 in a pipeline', { command: ['GET', 'hot'], range: 1, pipeline: 16 }],
  ['GET of 10,000 counters, 16 in a pipeline', { command: ['GET', 'many:__rand_int__'], range: MANY, pipeline: 16 }],
  ['INCR of one counter, 16 in a pipeline', { command: ['INCR', 'hot'], range: 1, pipeline: 16 }],
  ['INCR of 10,000 counters, 16 in a pipeline', { command: ['INCR', 'many:__rand_int__'], range: MANY, pipeline: 16 }],
  ['INCR of one counter, one at a time', { command: ['INCR', 'hot'], range: 1, pipeline: 1 }],
  ['GET of one counter, one at a time', { command: ['GET', 'hot'], range: 1, pipeline: 1 }],
];

interface Side {
  readonly label: string;
  readonly pid: number;
  readonly url: string;
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

const [seconds = '1', otherRoot = '', only = '', profiled = ''] = process.argv.slice(2);

process.env['TEST_SERVERS'] ??= 'local';
const found = findRedisBenchmark();
if (found === null) throw new Error('there is no redis-benchmark');
const program = found;
const arena = new Arena();
const folder = await mkdtemp(join(tmpdir(), 'evercount-cost-'));
try {
  const loads = LOADS.filter(([label]) => label.includes(only));
  if (profiled === '') await compare(loads);
  else for (const [label, load] of loads) await profile(label, load);
} finally {
  await arena.stop();
  await rm(folder, { recursive: true });
}

async function compare(loads: typeof LOADS): Promise<void> {
  const sides = [await side('this', ROOT)];
  if (otherRoot !== '') sides.push(await side('other', otherRoot));
  for (const [label, load] of loads) {
    const costs = sides.map((): number[] => []);
    const rates = sides.map((): number[] => []);
    for (const { url } of sides) await program.run(url, load, CONNECTIONS, WARM_UP_SECONDS);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, { pid, url }] of sides.entries()) {
        const before = familyCpuSeconds(pid);
        const { requests, seconds: took } = await program.run(url, load, CONNECTIONS, Number(seconds));
        costs[index]?.push(((familyCpuSeconds(pid) - before) * 1e6) / requests);
        rates[index]?.push(requests / took);
      }
    }
    for (const [index, one] of sides.entries()) {
      const rate = Math.round(median(rates[index] ?? []));
      console.log(
        `${label} (${one.label}): ${median(costs[index] ?? []).toFixed(2)} µs, least ${Math.min(...(costs[index] ?? [])).toFixed(2)}; ${rate}/s`,
      );
    }
  }
  for (const one of sides) await one.stop();
}

async function side(label: string, root: string, options: readonly string[] = []): Promise<Side> {
  const port = await freePort();
  const environment = {
    DATABASE_URL: await arena.databaseOf(label),
    REDIS_URL: (await arena.serviceRedis()).url,
    RESP_PORT: String(port),
  };
  const child = await startService(environment, options, root);
  const url = `redis://127.0.0.1:${port}`;
  const names = ['hot', ...Array.from({ length: MANY }, (_, index) => `many:${String(index).padStart(DIGITS, '0')}`)];
  await inRedis(url, async (client) => {
    for (let next = 0; next < names.length; next += SEED_STEP) {
      await client.mset(...names.slice(next, next + SEED_STEP).flatMap((name) => [name, '1']));
    }
  });
  return { label, pid: child.pid, url, folder, stop: () => child.stop() };
}

async function profile(label: string, load: RedisLoad): Promise<void> {
  const own = await mkdtemp(join(folder, 'profile-'));
  const { pid, url, stop } = await side('profiled', otherRoot === '' ? ROOT : otherRoot, [
    '--cpu-prof',
    `--cpu-prof-dir=${own}`,
    '--cpu-prof-interval=200',
  ]);
  await program.run(url, load, CONNECTIONS, WARM_UP_SECONDS);
  const fromMicros = monotonicMicros();
  const before = familyCpuSeconds(pid);
  const { requests } = await program.run(url, load, CONNECTIONS, Number(seconds));
  const cost = ((familyCpuSeconds(pid) - before) * 1e6) / requests;
  const toMicros = monotonicMicros();
  await stop();
  console.log(`\n${label}: ${cost.toFixed(2)} µs of CPU time a command, under the profiler`);
  const spent = await spentIn(own, fromMicros, toMicros);
  printShares(spent, cost, ({ name, place }) => layerOf(name, place));
  printShares(spent, cost, ({ label: shown }) => shown);
}

/** @param cost of a command, microseconds, which is shared out */
function printShares(spent: readonly Spent[], cost: number, keyOf: (one: Spent) => string): void {
  const allMs = spent.reduce((sum, { ms }) => sum + ms, 0);
  console.log();
  for (const [key, ms] of addedUp(spent, keyOf).slice(0, SHOWN)) {
    const share = ms / allMs;
    console.log(`${(share * cost).toFixed(3).padStart(8)} µs ${(share * 100).toFixed(1).padStart(5)} %  ${key}`);
  }
}

function layerOf(name: string, place: string): string {
  if (name === '(garbage collector)') return 'garbage collection';
  const own = /^dist\/(counters\/[^/]+\/|[^/]+)/.exec(place)?.[1];
  if (own !== undefined) return `own: ${own}`;
  if (place.startsWith('node:')) return 'Node';
  if (place === '') return 'V8 and system calls';
  return /^(@[^/]+\/)?[^/]+/.exec(place)?.[0] ?? place;
}
