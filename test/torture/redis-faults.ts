/** What can happen to Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { NAMES } from './counters.js';
import type { TestRedis } from '../support/servers.js';
import type { Deployment } from './deployment.js';
import { primariesOf, untilWhole } from './ground.js';
import { done, type Draw, type Fault, seconds } from './fault.js';

/** Commands to each server that has keys, over no proxy. */
function redisFault(detail: string, command: (redis: Redis) => Promise<unknown>): Fault {
  return struck(detail, async ({ ground }) => {
    await Promise.all((await primariesOf(ground)).map((server) => withRedis(server, command)));
  });
}

/** Where somebody may have taken over meanwhile, it is over when the next blow finds all as it was. */
function struck(detail: string, strike: (deployment: Deployment) => Promise<void>): Fault {
  return {
    target: 'redis',
    detail,
    strike: done(async (deployment) => {
      await strike(deployment);
      await untilWhole(deployment.ground);
    }),
  };
}

/** One of those that have keys; which one, follows from a number below 1. */
async function primaryOf({ ground }: Deployment, draw: number): Promise<TestRedis> {
  const primaries = await primariesOf(ground);
  const found = primaries[Math.floor(draw * primaries.length)];
  if (found === undefined) throw new Error('no server has any keys');
  return found;
}

async function withRedis(server: TestRedis, work: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(server.url, { protocol: 2, connectionName: 'nemesis' });
  redis.on('error', () => undefined);
  try {
    await work(redis);
  } finally {
    redis.disconnect();
  }
}

export const REDIS_FAULTS = {
  FLUSHALL: () => redisFault('', (redis) => redis.flushall()),
  FLUSHDB: () => redisFault('', (redis) => redis.flushdb()),
  'DEL of entries': (random) => {
    const names = random.shuffled(NAMES).slice(0, random.whole(1, 6));
    return redisFault(names.join(', '), (redis) =>
      // Of a cluster's server each key by itself; one that another server has is refused.
      Promise.all(names.map((name) => redis.del(`ec:${name}`).catch(() => 0))),
    );
  },
  'SCRIPT FLUSH': () => redisFault('', (redis) => redis.script('FLUSH')),
  'CLIENT KILL': () => redisFault('', (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'normal')),
  'a storm of flushes': (random) => {
    const times = random.whole(10, 40);
    const pausesMs = Array.from({ length: times }, () => random.whole(0, 120));
    return redisFault(`${times} times`, async (redis) => {
      for (const pauseMs of pausesMs) {
        await redis.flushall();
        await sleep(pauseMs);
      }
    });
  },
  'old snapshot': (random) => {
    const writtenMs = random.whole(100, 1_500);
    const downMs = random.pick([0, 0, 100, 1_500]);
    const which = random.next();
    const detail = `SAVE, ${seconds(writtenMs)} of writes, kill -9, down for ${seconds(downMs)}, back from the snapshot`;
    return struck(detail, async (deployment) => {
      const server = await primaryOf(deployment, which);
      await withRedis(server, (redis) => redis.save());
      await sleep(writtenMs);
      await server.kill();
      await sleep(downMs);
      await server.restart();
    });
  },
  'Redis frozen': (random) => {
    const lastsMs = random.whole(200, 3_000);
    const which = random.next();
    return struck(seconds(lastsMs), async (deployment) => {
      const server = await primaryOf(deployment, which);
      await server.freeze();
      await sleep(lastsMs);
      await server.thaw();
    });
  },
  'Redis out of memory': (random) => {
    const lastsMs = random.whole(300, 2_500);
    return redisFault(`maxmemory 1 for ${seconds(lastsMs)}`, async (redis) => {
      await redis.config('SET', 'maxmemory', '1');
      await sleep(lastsMs);
      await redis.config('SET', 'maxmemory', '0');
    });
  },
} as const satisfies Record<string, Draw>;
