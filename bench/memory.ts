/** Resident memory of the service, over a while. */
import { readFileSync } from 'node:fs';
import { clearInterval, setInterval } from 'node:timers';
import type { Field } from './entrants.js';
import type { Workload } from './load/workload.js';

const SAMPLE_INTERVAL_MS = 200;
const PAGE_BYTES = 4096;
const MEBIBYTE = 2 ** 20;

/** Samples the memory of some processes together. */
export class MemoryWatch {
  readonly samplesMib: number[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly pids: readonly number[]) {
    this.sample();
    this.timer = setInterval(() => this.sample(), SAMPLE_INTERVAL_MS);
  }

  /** Before, and the most in each half of the time: what grows with the work done is more in the second. */
  end(): { beforeMib: number; mostEarlyMib: number; mostLateMib: number } {
    clearInterval(this.timer);
    const { samplesMib } = this;
    const half = Math.ceil(samplesMib.length / 2);
    const most = (samples: readonly number[]) => Math.max(...samples);
    return {
      beforeMib: samplesMib[0] ?? NaN,
      mostEarlyMib: most(samplesMib.slice(0, half)),
      mostLateMib: most(samplesMib.slice(-half)),
    };
  }

  private sample(): void {
    this.samplesMib.push(this.pids.reduce((sum, pid) => sum + residentMib(pid), 0));
  }
}

/** Memory after each tenth of a long run. */
export interface MemoryCourse {
  readonly minutes: number;
  /** The median of each tenth. */
  readonly tenthsMib: readonly number[];
}

const CONNECTIONS = 64;

/** What happens in turn: the three things that most requests are. */
const WORKLOADS: readonly Workload[] = [
  { operation: 'increment', names: { kind: 'uniform', count: 10_000 }, keyed: true },
  { operation: 'mixed', names: { kind: 'zipf', count: 1_000_000 }, keyed: false },
  { operation: 'read', names: { kind: 'uniform', count: 10_000 }, keyed: false },
];
const TURN_SECONDS = 2;

/** Watches the service under a changing load. */
export async function watchMemory({ arena, generator }: Field, minutes: number): Promise<MemoryCourse> {
  const { url, subject, stop } = await arena.separateService('memory');
  const watch = new MemoryWatch(subject.pids);
  const endMs = performance.now() + minutes * 60_000;
  while (performance.now() < endMs) {
    for (const workload of WORKLOADS) await generator.run(url, workload, CONNECTIONS, TURN_SECONDS);
  }
  watch.end();
  await stop();
  const samples = watch.samplesMib;
  const tenth = Math.ceil(samples.length / 10);
  const tenthsMib = Array.from({ length: 10 }, (_, index) => {
    const part = samples.slice(index * tenth, (index + 1) * tenth).sort((a, b) => a - b);
    return part[Math.floor(part.length / 2)] ?? NaN;
  });
  return { minutes, tenthsMib };
}

/** NaN where the system does not tell. */
function residentMib(pid: number): number {
  try {
    // The second figure: pages in memory.
    return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES) / MEBIBYTE;
  } catch {
    return NaN;
  }
}
