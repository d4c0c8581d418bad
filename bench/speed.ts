/** How fast the machine itself is at the moment: so that a slow hour is not taken for slow code. */
import { closeSync, fdatasyncSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arena } from './arena.js';
import { JUDGED_CONNECTIONS } from './contest.js';
import type { Generator } from './load/generator.js';
import { median } from './median.js';
import { HOT, of } from './workloads.js';

export interface Speed {
  /** Constant answers a second of bare Fastify, with as many clients as targets are judged at. */
  readonly answersPerSecond: number;
  /** Microseconds of a system call that does next to nothing, made from Node. */
  readonly callUs: number;
  /** Milliseconds to write 8 KiB and wait for the disk: the least a commit can cost. */
  readonly syncMs: number;
}

const ANSWERING_SECONDS = 1;
const CALLS = 20_000;
const SYNCS = 50;
const PAGE_BYTES = 8192;

export async function speedOf(arena: Arena, generator: Generator): Promise<Speed> {
  const { urls } = await arena.opponent('constant');
  const answering = await generator.run(urls[0] ?? '', of('read', HOT), JUDGED_CONNECTIONS, ANSWERING_SECONDS);
  return { answersPerSecond: answering.requests / answering.seconds, ...speedOfCalls() };
}

/** In the folder where the servers keep their data. */
function speedOfCalls(): Pick<Speed, 'callUs' | 'syncMs'> {
  const folder = mkdtempSync(join(tmpdir(), 'evercount-speed-'));
  const file = openSync(join(folder, 'file'), 'w');
  try {
    const startMs = performance.now();
    for (let call = 0; call < CALLS; call += 1) fstatSync(file);
    const callUs = ((performance.now() - startMs) * 1_000) / CALLS;
    const page = Buffer.alloc(PAGE_BYTES);
    const syncs = Array.from({ length: SYNCS }, () => {
      const syncStartMs = performance.now();
      writeSync(file, page);
      fdatasyncSync(file);
      return performance.now() - syncStartMs;
    });
    return { callUs, syncMs: median(syncs) };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

/** One line for people. */
export function speedLine({ answersPerSecond, callUs, syncMs }: Speed): string {
  return (
    `The machine by itself just now: ${Math.round(answersPerSecond).toLocaleString('en')} constant answers a second, ` +
    `a system call in ${callUs.toFixed(2)} µs, a sync in ${syncMs.toFixed(2)} ms`
  );
}
