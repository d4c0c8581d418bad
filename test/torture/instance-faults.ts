/** What can happen to an instance of the service, and to its wires. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyMode } from '../support/tcp-proxy.js';
import { type Deployment, type Instance, INSTANCES, SHORT_LIFE_MS } from './deployment.js';
import { done, type Draw, type Fault, seconds } from './fault.js';
import type { Random } from './random.js';

/** As orchestrators allow. */
const SHUTDOWN_LIMIT_MS = 10_000;

const drawInstance = (random: Random): number => random.whole(0, INSTANCES);

const instanceOf = ({ instances }: Deployment, index: number): Instance => {
  const instance = instances[index];
  if (instance === undefined) throw new RangeError(`there is no instance ${index}`);
  return instance;
};

/** How long the entries of an instance live from its next start on. */
const drawLife = (random: Random): number | null => (random.chance(1 / 3) ? SHORT_LIFE_MS : null);

const lifeText = (ttlMs: number | null): string => (ttlMs === null ? '' : `, then with entries that live ${ttlMs} ms`);

const WIRE_MODES: readonly ProxyMode[] = [
  { kind: 'refuse' },
  { kind: 'silent' },
  { kind: 'half-open', lost: 'to server' },
  { kind: 'hold' },
  { kind: 'reset' },
  { kind: 'slow', latencyMs: 40 },
  { kind: 'slow', latencyMs: 300 },
];

const modeText = (mode: ProxyMode): string => {
  switch (mode.kind) {
    case 'half-open':
      return `half-open, bytes ${mode.lost} lost`;
    case 'slow':
      return `slow by ${mode.latencyMs} ms each way`;
    case 'pass':
    case 'refuse':
    case 'silent':
    case 'hold':
    case 'reset':
      return mode.kind;
  }
};

/** Without an end the service gives up before it could send a batch again. */
const FORGOTTEN_SHARE = 2 / 3;

/** What was asked is done, and nobody hears of it. */
const UNHEARD: ProxyMode = { kind: 'half-open', lost: 'to client' };

/** @param forgotten whether connections are reset in the end, as by a firewall that does not know them any more */
function drawCut(random: Random, to: 'Redis' | 'Postgres', mode: ProxyMode, forgotten = false): Fault {
  const index = drawInstance(random);
  const lastsMs = random.whole(200, 4_000);
  return {
    target: `wire to ${to} ${index}`,
    detail: `instance ${index} cut off from ${to}: ${modeText(mode)}, ${seconds(lastsMs)}${forgotten ? ', then reset' : ''}`,
    strike: done(async (deployment) => {
      const instance = instanceOf(deployment, index);
      const wire = to === 'Redis' ? instance.toRedis : instance.toPostgres;
      if (wire === null) throw new Error(`instance ${index} has no wire to ${to} of its own`);
      await wire.setMode(mode);
      await sleep(lastsMs);
      if (forgotten) await wire.setMode({ kind: 'reset' });
      await wire.setMode({ kind: 'pass' });
    }),
  };
}

export const INSTANCE_FAULTS = {
  'instance killed': (random) => {
    const [index, downMs, ttlMs] = [drawInstance(random), random.pick([0, 500]), drawLife(random)];
    return {
      target: `instance ${index}`,
      detail: `instance ${index}, down for ${seconds(downMs)}${lifeText(ttlMs)}`,
      strike: done(async (deployment) => {
        const instance = instanceOf(deployment, index);
        await instance.kill();
        await sleep(downMs);
        await instance.start(ttlMs);
      }),
    };
  },
  'instance ended': (random) => {
    const [index, ttlMs] = [drawInstance(random), drawLife(random)];
    return {
      target: `instance ${index}`,
      detail: `SIGTERM to instance ${index}${lifeText(ttlMs)}`,
      strike: async (deployment) => {
        const instance = instanceOf(deployment, index);
        const begin = performance.now();
        const exit = await instance.terminate();
        const tookMs = performance.now() - begin;
        await instance.start(ttlMs);
        if (exit?.code === 0 && tookMs < SHUTDOWN_LIMIT_MS) return null;
        return `instance ${index} ended with ${JSON.stringify(exit)} after ${seconds(tookMs)}`;
      },
    };
  },
  'instance frozen': (random) => {
    const [index, lastsMs] = [drawInstance(random), random.whole(200, 5_000)];
    return {
      target: `instance ${index}`,
      detail: `instance ${index}, ${seconds(lastsMs)}`,
      strike: done(async (deployment) => {
        const instance = instanceOf(deployment, index);
        await instance.freeze();
        await sleep(lastsMs);
        instance.thaw();
      }),
    };
  },
  'cut off from Redis': (random) => drawCut(random, 'Redis', random.pick(WIRE_MODES)),
  'cut off from Postgres': (random) => drawCut(random, 'Postgres', random.pick(WIRE_MODES)),
  'answers of Redis lost': (random) => drawCut(random, 'Redis', UNHEARD, random.chance(FORGOTTEN_SHARE)),
  'answers of Postgres lost': (random) => drawCut(random, 'Postgres', UNHEARD, random.chance(FORGOTTEN_SHARE)),
} as const satisfies Record<string, Draw>;
