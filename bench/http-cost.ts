/**
 * What a request over HTTP costs, layer by layer, beside programs that do less: CPU time of each process under V8's profiler,
 * which takes a part of it itself. Called with seconds of load for each.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Arena } from './arena.js';
import { type Child, startOpponent, startService } from './child.js';
import { familyCpuSeconds } from './cpu.js';
import { addedUp, monotonicMicros, type Spent, spentIn } from './cpu-profile.js';
import { findGenerator } from './load/generator.js';
import { nameOf, type Workload } from './load/workload.js';
import { seedByBatches, seedRedis } from './seed.js';
import { HOT, keyed, MANY, of } from './workloads.js';

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 3;
const MANY_NAMES = 10_000;

/** What Node's own calls into the kernel are called in a profile. */
const SYSTEM_CALLS = new Set([
  'writev',
  'writeUtf8String',
  'writeLatin1String',
  'writeBuffer',
  'readStart',
  'shutdown',
]);

const SERVERS: Readonly<Record<string, (options: readonly string[]) => Promise<Child>>> = {
  constant: (options) => startOpponent('constant', {}, options),
  'Redis GET': async (options) => {
    const redis = await arena.opponentsRedis();
    await seedRedis(redis.url, [nameOf(0)]);
    return startOpponent('redis-get', { REDIS_URL: redis.url }, options);
  },
  'Redis INCR': async (options) =>
    startOpponent('redis-incr', { REDIS_URL: (await arena.plainRedis('always')).url }, options),
  evercount: async (options) => {
    const redis = await arena.serviceRedis();
    const child = await startService({ DATABASE_URL: await arena.serviceDatabase(), REDIS_URL: redis.url }, options);
    await seedByBatches(
      child.url,
      Array.from({ length: MANY_NAMES }, (_, index) => nameOf(index)),
    );
    return child;
  },
};

const COLUMNS: readonly (readonly [label: string, server: keyof typeof SERVERS, workload: Workload])[] = [
  ['constant', 'constant', of('read', HOT)],
  ['GET', 'Redis GET', of('read', HOT)],
  ['read', 'evercount', of('read', HOT)],
  ['INCR', 'Redis INCR', of('increment', HOT)],
  ['increment', 'evercount', of('increment', HOT)],
  ['keyed', 'evercount', keyed(of('increment', HOT))],
  ['of 10,000', 'evercount', of('increment', MANY)],
];

interface Cost {
  readonly label: string;
  /** Microseconds of CPU time of a request, by layer. */
  readonly layers: ReadonlyMap<string, number>;
  readonly micros: number;
}

const [seconds = '4'] = process.argv.slice(2);

process.env['TEST_SERVERS'] ??= 'local';
const generator = findGenerator(console.log);
const arena = new Arena();
try {
  const costs: Cost[] = [];
  for (const [label, server, workload] of COLUMNS) costs.push(await costOf(label, server, workload));
  print(costs);
} finally {
  await arena.stop();
}

async function costOf(label: string, server: keyof typeof SERVERS, workload: Workload): Promise<Cost> {
  const folder = await mkdtemp(join(tmpdir(), 'evercount-cost-'));
  const child = await SERVERS[server]?.(['--cpu-prof', `--cpu-prof-dir=${folder}`]);
  if (child === undefined) throw new Error(`there is no ${server}`);
  try {
    await generator.run(child.url, workload, CONNECTIONS, WARM_UP_SECONDS);
    const fromMicros = monotonicMicros();
    const before = familyCpuSeconds(child.pid);
    const { requests } = await generator.run(child.url, workload, CONNECTIONS, Number(seconds));
    const micros = ((familyCpuSeconds(child.pid) - before) * 1e6) / requests;
    const toMicros = monotonicMicros();
    await child.stop();
    const spent = await spentIn(folder, fromMicros, toMicros);
    const all = spent.reduce((sum, { ms }) => sum + ms, 0);
    const layers = new Map(addedUp(spent, layerOf).map(([layer, ms]) => [layer, (ms / all) * micros]));
    return { label, layers, micros };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function layerOf({ name, place }: Spent): string {
  if (SYSTEM_CALLS.has(name)) return 'writing to sockets';
  if (name === '(garbage collector)') return 'garbage collection';
  if (name === '(program)') return 'event loop, parsing HTTP, reading from sockets';
  if (place.startsWith('node:_http') || place.startsWith('node:internal/http')) return "Node's HTTP";
  if (place.startsWith('file:')) return 'the opponent itself';
  if (place === '' || place.startsWith('node:')) return "Node's streams, timers and promises";
  const own = /^dist\/([^/]+)/.exec(place)?.[1];
  if (own !== undefined) return `evercount: ${own}`;
  if (place.startsWith('fastify') || place.startsWith('find-my-way')) return 'Fastify';
  return /^(@[^/]+\/)?[^/]+/.exec(place)?.[0] ?? place;
}

/** A row for each layer, the dearest first; those that are nowhere a tenth of a microsecond are added up. */
function print(costs: readonly Cost[]): void {
  const LEAST_MICROS = 0.1;
  const dearest = new Map<string, number>();
  for (const { layers } of costs) {
    for (const [layer, micros] of layers) dearest.set(layer, Math.max(micros, dearest.get(layer) ?? 0));
  }
  const shown = [...dearest].filter(([, micros]) => micros >= LEAST_MICROS).sort(([, a], [, b]) => b - a);
  const row = (label: string, cells: readonly string[]): void => {
    console.log(`| ${label.padEnd(46)} | ${cells.map((cell) => cell.padStart(9)).join(' | ')} |`);
  };
  row(
    'layer, µs',
    costs.map(({ label }) => label),
  );
  row(
    '-'.repeat(46),
    costs.map(() => '--------:'),
  );
  for (const [layer] of shown)
    row(
      layer,
      costs.map(({ layers }) => (layers.get(layer) ?? 0).toFixed(1)),
    );
  const rest = ({ layers, micros }: Cost): number =>
    micros - shown.reduce((sum, [layer]) => sum + (layers.get(layer) ?? 0), 0);
  row(
    'what is left',
    costs.map((cost) => rest(cost).toFixed(1)),
  );
  row(
    'all',
    costs.map(({ micros }) => micros.toFixed(1)),
  );
}
