/** One run of one entrant: what its clients saw, and what it cost. */
import type { Subject } from './arena.js';
import { endedChildrenCpuSeconds, familyCpuSeconds } from './cpu.js';
import type { Generator, LoadResult } from './load/generator.js';
import type { Workload } from './load/workload.js';

/** Busy cores: CPU seconds for each second of the run. Null: not part of it, or not known on this system. */
export interface Cores {
  readonly server: number | null;
  readonly postgres: number | null;
  readonly redis: number | null;
  readonly generator: number | null;
}

export interface Measurement extends LoadResult {
  readonly perSecond: number;
  readonly cores: Cores;
}

export interface Processes {
  readonly subject: Subject | null;
  readonly postgresPid: number;
}

/** Puts load on each URL at once, with its share of the connections. */
export async function loadOn(
  generator: Generator,
  urls: readonly string[],
  workload: Workload,
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const share = Math.max(1, Math.round(connections / urls.length));
  return together(await Promise.all(urls.map((url) => generator.run(url, workload, share, seconds))));
}

/** Runs a load and asks the system what it cost. */
export async function measure(
  { subject, postgresPid }: Processes,
  load: () => Promise<LoadResult>,
): Promise<Measurement> {
  const cpu = () => ({
    server: subject === null ? NaN : sum(subject.pids.map(familyCpuSeconds)),
    postgres: familyCpuSeconds(postgresPid),
    redis: subject?.redisPid == null ? NaN : familyCpuSeconds(subject.redisPid),
    generator: endedChildrenCpuSeconds(),
  });
  const before = cpu();
  const startMs = performance.now();
  const result = await load();
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  const after = cpu();
  const cores = (role: keyof typeof before): number | null => {
    const busy = (after[role] - before[role]) / elapsedSeconds;
    return Number.isFinite(busy) ? busy : null;
  };
  return {
    ...result,
    perSecond: result.requests / result.seconds,
    cores: {
      server: cores('server'),
      postgres: cores('postgres'),
      redis: cores('redis'),
      generator: cores('generator'),
    },
  };
}

/** Of several generators at once: requests add up; of latencies the worst counts, since they cannot be merged. */
function together(results: readonly LoadResult[]): LoadResult {
  const worst = (field: keyof LoadResult) => Math.max(...results.map((result) => result[field]));
  return {
    requests: sum(results.map(({ requests }) => requests)),
    seconds: worst('seconds'),
    p50Ms: worst('p50Ms'),
    p99Ms: worst('p99Ms'),
    p999Ms: worst('p999Ms'),
    failed: sum(results.map(({ failed }) => failed)),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
