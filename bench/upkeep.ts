/** What keeping the cache right costs: every entry compared with the truth, and a cold cache filled. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Field } from './entrants.js';
import { nameOf, type Workload } from './load/workload.js';
import { MemoryWatch } from './memory.js';
import { post, seedByBatches } from './seed.js';

/** One job, and what clients felt of it. */
export interface JobCost {
  readonly job: 'reconcile' | 'rehydrate';
  /** Counters that were compared or filled. */
  readonly counters: number;
  readonly seconds: number;
  /** Of increments of one counter while nothing else happens; and meanwhile, the worst of several probes. */
  readonly quietP99Ms: number;
  readonly p99Ms: number;
  /** Resident memory of the service before, and the most meanwhile. */
  readonly beforeMib: number;
  readonly mostMib: number;
}

interface JobView {
  readonly state: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly result: { readonly compared?: number; readonly filled?: number } | null;
}

/** A light load, so that what is felt is the job and not a queue. */
const CONNECTIONS = 16;
const PROBE_SECONDS = 2;

/** Entries must not expire before they are compared. */
const CACHE_TTL_MS = 3_600_000;

const POLL_MS = 50;

/** @param counters how many there are, all of them cached */
export async function measureUpkeep({ arena, generator }: Field, counters: number): Promise<JobCost[]> {
  const environment = { CACHE_TTL_MS: String(CACHE_TTL_MS), RECONCILE_INTERVAL_MS: String(CACHE_TTL_MS) };
  const { url, subject, stop } = await arena.separateService('upkeep', environment);
  await seedByBatches(
    url,
    Array.from({ length: counters }, (_, index) => nameOf(index)),
  );
  const workload: Workload = { operation: 'increment', names: { kind: 'hot' }, keyed: false };
  const probe = () => generator.run(url, workload, CONNECTIONS, PROBE_SECONDS);

  const costOf = async (job: JobCost['job']): Promise<JobCost> => {
    const quiet = await probe();
    const memory = new MemoryWatch(subject.pids);
    const ended = { is: false };
    const running = untilDone(url, job).finally(() => (ended.is = true));
    // A job that is shorter than a probe is felt by the one probe that it falls into.
    const p99sMs: number[] = [];
    while (p99sMs.length === 0 || !ended.is) p99sMs.push((await probe()).p99Ms);
    const { startedAt, finishedAt, result } = await running;
    const seconds = (Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '')) / 1000;
    const touched = result?.compared ?? result?.filled ?? NaN;
    return { job, counters: touched, seconds, quietP99Ms: quiet.p99Ms, p99Ms: Math.max(...p99sMs), ...memory.end() };
  };

  try {
    const reconcile = await costOf('reconcile');
    await post(`${url}/v1/admin/cache/flush`);
    return [reconcile, await costOf('rehydrate')];
  } finally {
    await stop();
  }
}

async function untilDone(url: string, kind: JobCost['job']): Promise<JobView> {
  const answer = await fetch(`${url}/v1/admin/cache/${kind}`, { method: 'POST' });
  const { job } = (await answer.json()) as { job: { id: string } };
  for (;;) {
    const found = (await (await fetch(`${url}/v1/admin/jobs/${job.id}`)).json()) as { job: JobView };
    if (found.job.state === 'completed') return found.job;
    if (found.job.state === 'failed') throw new Error(`${kind} failed`);
    await sleep(POLL_MS);
  }
}
