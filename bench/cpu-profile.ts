/** What V8's profiler wrote of a service: where its time went while it was under load. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
  /** Microseconds of the monotonic clock, which all processes share. */
  readonly startTime: number;
}

/** Of the thread that serves, by its number; those that load TypeScript have others. */
const MAIN_THREAD = /\.0\.\d+\.cpuprofile$/;

/** Milliseconds in one function. */
export interface Spent {
  readonly name: string;
  /** Packages by their name, our own files from dist/ on; '' of V8 itself. */
  readonly place: string;
  /** With its place and line, for people. */
  readonly label: string;
  readonly ms: number;
}

/** By the clock that profiles are written by. */
export function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/**
 * A sample each, idle ones left out.
 *
 * @param folder of `--cpu-prof-dir`, with the profile of one process
 * @param fromMicros of `monotonicMicros`; what was before is the start of the process
 */
export async function spentIn(folder: string, fromMicros: number, toMicros: number): Promise<readonly Spent[]> {
  const file = (await readdir(folder)).find((name) => MAIN_THREAD.test(name)) ?? '';
  const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  let atMicros = profile.startTime;
  return profile.samples.flatMap((id, index) => {
    const tookMicros = profile.timeDeltas[index] ?? 0;
    atMicros += tookMicros;
    const frame = frames.get(id);
    if (atMicros < fromMicros || atMicros > toMicros || frame === undefined || frame.functionName === '(idle)')
      return [];
    const place = frame.url.replace(/^.*node_modules\//, '').replace(/^file:\/\/.*\/dist\//, 'dist/');
    const name = frame.functionName || '(anonymous)';
    const label = place === '' ? name : `${name} ${place}:${frame.lineNumber + 1}`;
    return [{ name, place, label, ms: tookMicros / 1000 }];
  });
}

/** Milliseconds by what each is put under, the most first. */
export function addedUp(
  spent: readonly Spent[],
  keyOf: (one: Spent) => string,
): (readonly [key: string, ms: number])[] {
  const sums = new Map<string, number>();
  for (const one of spent) sums.set(keyOf(one), (sums.get(keyOf(one)) ?? 0) + one.ms);
  return [...sums].sort(([, a], [, b]) => b - a);
}
