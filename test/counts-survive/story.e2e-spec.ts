/** A counter stands at 10, something restarts, it is still 10; one increment more, 11; five more, 15. */
import { Redis } from 'ioredis';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { startPostgres, startRedis, type TestPostgres, type TestRedis } from '../support/servers.js';

interface Stage {
  readonly postgres: TestPostgres;
  readonly redis: TestRedis;
  app: AppProcess;
}

let stage: Stage;

const startService = (): Promise<AppProcess> =>
  startAppProcess({ databaseUrl: stage.postgres.url, redisUrl: stage.redis.url });

const onRedis = async (work: (redis: Redis) => Promise<unknown>): Promise<void> => {
  const redis = new Redis(stage.redis.url);
  redis.on('error', () => undefined);
  try {
    await work(redis);
  } finally {
    redis.disconnect();
  }
};

const RESTARTS: Readonly<Record<string, () => Promise<unknown>>> = {
  'the service is stopped and started': async () => {
    await stage.app.stop();
    stage.app = await startService();
  },
  'the service is killed and started': async () => {
    await stage.app.kill();
    stage.app = await startService();
  },
  'Redis is flushed': () => onRedis((redis) => redis.flushall()),
  'Redis is killed and starts empty': async () => {
    await stage.redis.kill();
    await stage.redis.restart({ empty: true });
  },
  'Redis is killed and starts from an old snapshot': async () => {
    await stage.redis.kill();
    await stage.redis.restart();
  },
  'Postgres is killed and started': async () => {
    await stage.postgres.kill();
    await stage.postgres.restart();
  },
  'everything is killed and started': async () => {
    await Promise.all([stage.app.kill(), stage.postgres.kill(), stage.redis.kill()]);
    await Promise.all([stage.postgres.restart(), stage.redis.restart()]);
    stage.app = await startService();
  },
};

beforeAll(async () => {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  stage = { postgres, redis, app: await startAppProcess({ databaseUrl: postgres.url, redisUrl: redis.url }) };
});

afterAll(async () => {
  await stage.app.stop();
  await Promise.all([stage.postgres.stop(), stage.redis.stop()]);
});

describe.each(Object.keys(RESTARTS))('when %s', (what) => {
  const restart = async (): Promise<void> => {
    await RESTARTS[what]?.();
  };
  const calls = (): CounterCalls => new CounterCalls(stage.app.url);
  const name = `story of ${what}`;

  /** Reads go on in an outage or come back by themselves; whatever is read meanwhile must be right. */
  const expectValue = async (value: number): Promise<void> => {
    await eventually(async () => {
      const { status, body } = await calls().read(name);
      if (status === 200) expect(body.value).toBe(value);
      return status === 200;
    });
    expect((await calls().read(name, '?consistency=strong')).body.value).toBe(value);
  };

  const increment = async (): Promise<number> => {
    let answered = 0;
    // Refused writes did not count, so that trying again is right.
    await eventually(async () => {
      const { status, body } = await calls().increment(name);
      if (status === 200) answered = body.value;
      else expect([status, (body as unknown as { code: string }).code]).toEqual([503, 'unavailable']);
      return status === 200;
    });
    return answered;
  };

  it('keeps 10, then 11, then 15', async () => {
    for (let value = 1; value <= 10; value += 1) expect(await increment()).toBe(value);
    await expectValue(10);
    await onRedis((redis) => redis.save());

    await restart();
    await expectValue(10);
    expect(await increment()).toBe(11);

    await restart();
    await expectValue(11);
    for (let value = 12; value <= 15; value += 1) expect(await increment()).toBe(value);

    await restart();
    await expectValue(15);
  });
});
