import type { CounterCalls } from './counter-calls.js';

/** Writes at one instance and reads at the other right after the answer, for a while; where the readings came from. */
export async function passOn(from: CounterCalls, to: CounterCalls, name: string, lastsMs: number): Promise<string[]> {
  const sources: string[] = [];
  for (const endsAtMs = performance.now() + lastsMs; performance.now() < endsAtMs;) {
    const written = await from.increment(name);
    if (written.status !== 200) continue;
    const read = await to.read(name);
    if (read.status !== 200) continue;
    if (read.body.version < written.body.version) {
      throw new Error(`version ${read.body.version} of ${name} was read after ${written.body.version} was answered`);
    }
    sources.push(read.headers.get('cache-status') ?? '');
  }
  return sources;
}
