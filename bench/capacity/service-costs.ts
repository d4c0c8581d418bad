/** What increments cost the service and Redis, and what clients wait for them, on this machine. */
import { cpus } from 'node:os';
import { machineCpuSeconds } from '../cpu.js';
import type { SeparateService } from '../arena.js';
import { loadSubject, type Field } from '../entrants.js';
import { BATCH_ITEMS, nameOf, type Names, type Workload } from '../load/workload.js';
import { syncsMs } from '../machine.js';
import type { Measurement } from '../measurement.js';
import { seedByBatches } from '../seed.js';
import { measureSizes } from '../sizes.js';
import type { ServiceCosts } from './costs.js';

const NAMES = 10_000;
const ANY: Names = { kind: 'uniform', count: NAMES };
const CONNECTIONS = 64;
const SECONDS = 5;
const WARM_UP_SECONDS = 3;

/** Between an answer and the next request of a client: a modest rate, which no processor holds up. */
const THINK_MS = 30;

/** A load that ran here, for the simulation to run the same. */
export interface Run {
  readonly label: string;
  readonly clients: number;
  readonly thinkMs: number;
  readonly perRequest: number;
  readonly names: number;
  /** Increments that were answered in a second. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly commitsPerSecond: number;
  readonly incrementsInBatch: number;
  /** Processors that each used. */
  readonly postgres: number;
  readonly service: number;
  readonly redis: number;
  /** Of the machine, less what programs used that had nothing to do with it. */
  readonly processors: number;
  /** Flushes to the disk just before, milliseconds. */
  readonly flushMs: readonly number[];
  /** Milliseconds of the load generator for a request. */
  readonly clientMs: number;
  /** Names that were published in a second. */
  readonly publishesPerSecond: number;
}

const LOADS: readonly { readonly label: string; readonly workload: Workload }[] = [
  {
    label: 'one a request, clients that think for 30 ms',
    workload: { operation: 'increment', names: ANY, keyed: false, thinkMs: THINK_MS },
  },
  { label: 'one a request', workload: { operation: 'increment', names: ANY, keyed: false } },
  { label: '100 a request', workload: { operation: 'batch', names: ANY, keyed: false } },
];

/** Costs, and the loads they were learned from. */
export async function measureService(field: Field): Promise<{ costs: ServiceCosts; runs: Run[] }> {
  const service = await field.arena.separateService('capacity');
  // In the cache, so that publishing has something to replace.
  await seedByBatches(
    service.url,
    Array.from({ length: NAMES }, (_, index) => nameOf(index)),
  );
  const runs: Run[] = [];
  for (const { label, workload } of LOADS) runs.push(await runOf(field, service, label, workload));
  await service.stop();
  const { postgresPerKey, redisPerCounter } = await measureSizes(field.arena);
  const [, one, hundred] = runs;
  return {
    costs: {
      requestMs: perRequestMs(one),
      hundredMs: perRequestMs(hundred),
      publishMs: one === undefined ? NaN : (one.redis * 1_000) / one.publishesPerSecond,
      entryBytes: redisPerCounter,
      keyBytes: postgresPerKey,
    },
    runs,
  };
}

function perRequestMs(run: Run | undefined): number {
  return run === undefined ? NaN : (run.service * 1_000 * run.perRequest) / run.perSecond;
}

async function runOf(field: Field, service: SeparateService, label: string, workload: Workload): Promise<Run> {
  const load = (seconds: number): Promise<Measurement> =>
    loadSubject(field, () => Promise.resolve(service.subject), workload, CONNECTIONS, seconds);
  await load(WARM_UP_SECONDS);
  const flushMs = syncsMs();
  const before = await countsOf(service.url);
  const busyBefore = machineCpuSeconds();
  const startMs = performance.now();
  const measured = await load(SECONDS);
  const elapsed = (performance.now() - startMs) / 1_000;
  const busy = (machineCpuSeconds() - busyBefore) / elapsed;
  const after = await countsOf(service.url);
  const { cores, requests, p50Ms, p99Ms, failed } = measured;
  if (failed > 0) throw new Error(`${failed} requests failed`);
  const commits = after.batches - before.batches;
  const ours = [cores.server, cores.postgres, cores.redis, cores.generator].reduce<number>(
    (sum, used) => sum + (used ?? 0),
    0,
  );
  const perRequest = workload.operation === 'batch' ? BATCH_ITEMS : 1;
  return {
    label,
    clients: CONNECTIONS,
    thinkMs: workload.thinkMs ?? 0,
    perRequest,
    names: NAMES,
    perSecond: measured.perSecond * perRequest,
    p50Ms,
    p99Ms,
    commitsPerSecond: commits / elapsed,
    incrementsInBatch: (after.writes - before.writes) / commits,
    postgres: cores.postgres ?? NaN,
    service: cores.server ?? NaN,
    redis: cores.redis ?? NaN,
    flushMs,
    processors: cpus().length - Math.max(0, busy - ours),
    clientMs: ((cores.generator ?? NaN) * elapsed * 1_000) / requests,
    publishesPerSecond: (after.publications - before.publications) / elapsed,
  };
}

/** From the metrics of the service. */
async function countsOf(url: string): Promise<{ batches: number; writes: number; publications: number }> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const sum = (metric: RegExp): number =>
    [...page.matchAll(metric)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    batches: sum(/^evercount_batch_writes_count\{lane="increments"\} (\S+)/gm),
    writes: sum(/^evercount_batch_writes_sum\{lane="increments"\} (\S+)/gm),
    publications: sum(/^evercount_cache_publications_total\{[^}]*\} (\S+)/gm),
  };
}
