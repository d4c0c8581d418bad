/** What keeping the cache right costs: every entry compared with the truth, and a cold cache filled. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeparateService } from './arena.js';
import type { Field } from './entrants.js';
import { nameOf, type Workload } from './load/workload.js';
import { median } from './median.js';
import { MemoryWatch } from './memory.js';
import { inPostgres } from './postgres.js';
import { post, seedByBatches, seedRows } from './seed.js';

export type Job = 'fill by reads' | 'reconcile' | 'rehydrate' | 'rehydrate all';

/** One job, and what clients felt of it. */
export interface JobCost {
  readonly job: Job;
  /** Counters that were compared or filled. */
  readonly counters: number;
  readonly seconds: number;
  /** Of increments of one counter while nothing else happens, and meanwhile: the median of several probes each. */
  readonly quietP99Ms: number;
  readonly p99Ms: number;
  /** Resident memory of the service before, and the most in each half. */
  readonly beforeMib: number;
  readonly mostEarlyMib: number;
  readonly mostLateMib: number;
}

interface Done {
  readonly counters: number;
  readonly seconds: number;
}

interface JobView {
  readonly state: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly result: { readonly compared?: number; readonly filled?: number } | null;
}

/** About 2,500 requests a second: what is felt is then the job, and not a queue that clients make for each other. */
const PROBE: Workload = { operation: 'increment', names: { kind: 'hot' }, keyed: false, thinkMs: 5 };
const CONNECTIONS = 16;
const PROBE_SECONDS = 1;
const QUIET_PROBES = 5;

/** Entries must not expire before they are compared. */
const CACHE_TTL_MS = 3_600_000;

/** A rehydration that is not of all counters fills what was written last, and no more than these. */
const REHYDRATED = 10_000;

/** Names in one request that reads many. */
const READ_AT_ONCE = 1_000;

/** Seldom enough to cost next to nothing beside the job. */
const POLL_MS = 250;

/** @param counters how many there are; all of them are read into the cache, compared, and lost */
export async function measureUpkeep({ arena, generator }: Field, counters: number): Promise<JobCost[]> {
  const environment = { CACHE_TTL_MS: String(CACHE_TTL_MS), RECONCILE_INTERVAL_MS: String(CACHE_TTL_MS) };
  const service = await arena.separateService('upkeep', { environment });
  const { url, subject, databaseUrl, stop } = service;
  const probe = async () => (await generator.run(url, PROBE, CONNECTIONS, PROBE_SECONDS)).p99Ms;

  const costOf = async (job: Job, work: () => Promise<Done>): Promise<JobCost> => {
    // What was written before would else be brought to the disk meanwhile, and every commit would wait for it.
    await inPostgres(databaseUrl, (client) => client.query('CHECKPOINT'));
    const quiet: number[] = [];
    while (quiet.length < QUIET_PROBES) quiet.push(await probe());
    const memory = new MemoryWatch(subject.pids);
    const ended = { is: false };
    const running = work().finally(() => (ended.is = true));
    const meanwhile: number[] = [];
    while (!ended.is) meanwhile.push(await probe());
    // The last one saw the service at rest, too; of a short job there is no other.
    const p99sMs = meanwhile.length > 1 ? meanwhile.slice(0, -1) : meanwhile;
    return { job, ...(await running), quietP99Ms: median(quiet), p99Ms: median(p99sMs), ...memory.end() };
  };

  try {
    await seedRows(databaseUrl, counters);
    const names = Array.from({ length: counters }, (_, index) => nameOf(index));
    const fill = await costOf('fill by reads', () => readAll(service, names));
    const reconcile = await costOf('reconcile', () => untilDone(service, 'reconcile'));
    await seedByBatches(url, names.slice(0, REHYDRATED));
    await post(`${url}/v1/admin/cache/flush`);
    const rehydrate = await costOf('rehydrate', () => untilDone(service, 'rehydrate'));
    await post(`${url}/v1/admin/cache/flush`);
    const rehydrateAll = await costOf('rehydrate all', () => untilDone(service, 'rehydrate?all=true'));
    return [fill, reconcile, rehydrate, rehydrateAll];
  } finally {
    await stop();
  }
}

/** One client that reads as many counters at once as it may. */
async function readAll({ url }: SeparateService, names: readonly string[]): Promise<Done> {
  const startMs = performance.now();
  for (let start = 0; start < names.length; start += READ_AT_ONCE) {
    await post(`${url}/v1/reads`, { names: names.slice(start, start + READ_AT_ONCE) });
  }
  return { counters: names.length, seconds: (performance.now() - startMs) / 1000 };
}

async function untilDone(
  { url }: SeparateService,
  kind: 'reconcile' | 'rehydrate' | 'rehydrate?all=true',
): Promise<Done> {
  const answer = await fetch(`${url}/v1/admin/cache/${kind}`, { method: 'POST' });
  const { job } = (await answer.json()) as { job: { id: string } };
  for (;;) {
    const { job: found } = (await (await fetch(`${url}/v1/admin/jobs/${job.id}`)).json()) as { job: JobView };
    if (found.state === 'completed') {
      const { startedAt, finishedAt, result } = found;
      const seconds = (Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '')) / 1000;
      return { counters: result?.compared ?? result?.filled ?? NaN, seconds };
    }
    if (found.state === 'failed') throw new Error(`${kind} failed`);
    await sleep(POLL_MS);
  }
}
