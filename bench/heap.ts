/** What a service keeps in memory, once garbage is collected. */
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena, SeparateService } from './arena.js';
import type { Environment } from './child.js';

/** In bytes, as Node tells them. */
export type Kept = Pick<NodeJS.MemoryUsage, 'rss' | 'heapUsed' | 'external'>;

export interface LookedInto {
  readonly service: SeparateService;
  /** Collects garbage, and looks. */
  look(): Promise<Kept>;
  /** Looks until it stops moving. */
  settled(): Promise<Kept>;
}

const TELLER = new URL('heap.mjs', import.meta.url).href;

const PAUSE_MS = 250;

/** The service's own timers move as much. */
const STILL_BYTES = 512 * 1024;

/** It moves on for as long as something is wrong. */
const MAX_LOOKS = 40;

/** A service that can be asked for what it keeps. */
export async function startLookedInto(arena: Arena, name: string, environment: Environment): Promise<LookedInto> {
  const socketPath = join(await mkdtemp(join(tmpdir(), 'evercount-heap-')), 'socket');
  const nodeOptions = ['--expose-gc', '--import', TELLER];
  const peculiarities = { environment: { ...environment, HEAP_SOCKET: socketPath }, nodeOptions };
  const service = await arena.separateService(name, peculiarities);
  const look = async (): Promise<Kept> => {
    const socket = connect(socketPath);
    await once(socket, 'connect');
    return JSON.parse(await text(socket)) as Kept;
  };
  const settled = async (): Promise<Kept> => {
    let before = await look();
    for (let looks = 1; looks < MAX_LOOKS; looks += 1) {
      await sleep(PAUSE_MS);
      const now = await look();
      const isStill = (['rss', 'heapUsed', 'external'] as const).every(
        (kind) => Math.abs(now[kind] - before[kind]) < STILL_BYTES,
      );
      if (isStill) return now;
      before = now;
    }
    throw new Error(`the memory of ${name} does not come to rest`);
  };
  return { service, look, settled };
}
