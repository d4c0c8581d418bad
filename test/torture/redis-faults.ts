/** What can happen to Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { NAMES } from './counters.js';
import type { Deployment } from './deployment.js';
import { done, type Draw, type Fault, seconds } from './fault.js';

/** A command to Redis itself, over no proxy. */
function redisFault(detail: string, command: (redis: Redis, deployment: Deployment) => Promise<unknown>): Fault {
  const strike = done((deployment) => withRedis(deployment, (redis) => command(redis, deployment)));
  return { target: 'redis', detail, strike };
}

async function withRedis(deployment: Deployment, work: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(deployment.redis.url, { protocol: 2, connectionName: 'nemesis' });
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
    return redisFault(names.join(', '), (redis) => redis.del(...names.map((name) => `ec:${name}`)));
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
    return {
      target: 'redis',
      detail: `SAVE, ${seconds(writtenMs)} of writes, kill -9, down for ${seconds(downMs)}, back from the snapshot`,
      strike: done(async (deployment) => {
        await withRedis(deployment, (redis) => redis.save());
        await sleep(writtenMs);
        await deployment.redis.kill();
        await sleep(downMs);
        await deployment.redis.restart();
      }),
    };
  },
  'Redis frozen': (random) => {
    const lastsMs = random.whole(200, 3_000);
    return {
      target: 'redis',
      detail: seconds(lastsMs),
      strike: done(async ({ redis }) => {
        await redis.freeze();
        await sleep(lastsMs);
        await redis.thaw();
      }),
    };
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
