/** A counter stands at 10, something restarts, it is still 10; one increment more, 11; five more, 15. */
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { withServiceProcess } from '../support/service.js';

const service = withServiceProcess({ ownPostgres: true });

const onRedis = async (work: (redis: Redis) => Promise<unknown>): Promise<void> => {
  const redis = new Redis(service.redis.url);
  redis.on('error', () => undefined);
  try {
    await work(redis);
  } finally {
    redis.disconnect();
  }
};

const RESTARTS: Readonly<Record<string, () => Promise<unknown>>> = {
  'the service is stopped and started': async () => {
    await service.app.stop();
    await service.startAgain();
  },
  'the service is killed and started': async () => {
    await service.app.kill();
    await service.startAgain();
  },
  'Redis is flushed': () => onRedis((redis) => redis.flushall()),
  'Redis is killed and starts empty': async () => {
    await service.redis.kill();
    await service.redis.restart({ empty: true });
  },
  'Redis is killed and starts from an old snapshot': async () => {
    await service.redis.kill();
    await service.redis.restart();
  },
  'Postgres is killed and started': async () => {
    await service.postgres.kill();
    await service.postgres.restart();
  },
  'everything is killed and started': async () => {
    await Promise.all([service.app.kill(), service.postgres.kill(), service.redis.kill()]);
    await Promise.all([service.postgres.restart(), service.redis.restart()]);
    await service.startAgain();
  },
};

describe.each(Object.keys(RESTARTS))('when %s', (what) => {
  const restart = async (): Promise<void> => {
    await RESTARTS[what]?.();
  };
  const name = `story of ${what}`;

  /** Reads go on in an outage or come back by themselves; whatever is read meanwhile must be right. */
  const expectValue = async (value: number): Promise<void> => {
    await eventually(async () => {
      const { status, body } = await service.calls.read(name);
      if (status === 200) expect(body.value).toBe(value);
      return status === 200;
    });
    expect((await service.calls.read(name, '?consistency=strong')).body.value).toBe(value);
  };

  const increment = async (): Promise<number> => {
    let answered = 0;
    // Refused writes did not count, so that trying again is right.
    await eventually(async () => {
      const { status, body } = await service.calls.increment(name);
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
