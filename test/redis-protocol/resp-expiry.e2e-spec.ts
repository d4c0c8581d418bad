/** Counters that end by themselves, over the Redis protocol. */
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { send } from '../support/http.js';
import { scrape } from '../support/scrape.js';
import { withService } from '../support/service.js';

const service = withService({ env: { RESP_PORT: '0' }, ending: () => client.disconnect() });
let client: Redis;
let run = 0;
let name = '';

beforeAll(() => {
  client = new Redis(service.app.respPort);
});

beforeEach(() => {
  run += 1;
  name = `expiry:${run}`;
});

const call = (command: string, ...args: (string | number)[]): Promise<unknown> => client.call(command, ...args);
const faultOf = (command: string, ...args: (string | number)[]): Promise<unknown> =>
  call(command, ...args).then(
    () => 'no error',
    (error: unknown) => (error as Error).message,
  );
const versionOf = async (): Promise<unknown> => {
  const { body } = await send(service.app.url, 'GET', `/v1/counters/${name}`);
  return (JSON.parse(body) as { version?: unknown }).version;
};

const HOUR_MS = 60 * 60 * 1000;

/** How many writes an action adds to the batches of each lane. */
async function writesByLane(action: () => Promise<void>): Promise<{ increments: number; decisions: number }> {
  const writes = async (): Promise<[number, number]> => {
    const scraped = await scrape(service.app.url);
    const of = (lane: string): number => scraped.get('evercount_batch_writes_sum', { lane }) ?? 0;
    return [of('increments'), of('decisions')];
  };
  const before = await writes();
  await action();
  const after = await writes();
  return { increments: after[0] - before[0], decisions: after[1] - before[1] };
}

describe('expiry over the Redis protocol', () => {
  it('tells when a counter ends, in four ways', async () => {
    expect([await client.ttl(name), await client.pttl(name), await client.expiretime(name)]).toEqual([-2, -2, -2]);
    await client.set(name, 1);
    expect([await client.ttl(name), await client.pttl(name), await client.pexpiretime(name)]).toEqual([-1, -1, -1]);
    await client.set(name, 1, 'EX', 4_000);
    expect(await client.ttl(name)).toBeGreaterThan(2_000);
    expect(await client.pttl(name)).toBeLessThanOrEqual(4_000_000);
    expect(await client.pexpiretime(name)).toBeGreaterThan(Date.now());
  });

  it('is taken away by SET, kept by KEEPTTL and by counting, and changed as a version of its own', async () => {
    await client.set(name, 1, 'PX', 4_000_000);
    await client.incr(name);
    expect(await client.ttl(name)).toBeGreaterThan(2_000);
    await call('set', name, 5, 'KEEPTTL');
    expect(await client.ttl(name)).toBeGreaterThan(2_000);
    expect(await versionOf()).toBe(3);
    expect(await client.persist(name)).toBe(1);
    expect(await client.persist(name)).toBe(0);
    expect(await versionOf()).toBe(4);
    expect(await client.expire(name, 4_000)).toBe(1);
    await client.set(name, 6);
    expect(await client.ttl(name)).toBe(-1);
  });

  it('is changed under conditions', async () => {
    expect(await client.expire(name, 4_000)).toBe(0);
    await client.set(name, 1);
    expect(await call('expire', name, 4_000, 'XX')).toBe(0);
    expect(await call('expire', name, 4_000, 'GT')).toBe(0);
    expect(await call('expire', name, 4_000, 'LT')).toBe(1);
    expect(await call('expire', name, 4_000, 'NX')).toBe(0);
    expect(await call('expire', name, 8_000, 'LT')).toBe(0);
    expect(await call('expire', name, 8_000, 'GT', 'XX')).toBe(1);
    expect(await client.ttl(name)).toBeGreaterThan(4_000);
    expect(await faultOf('expire', name, 1, 'GT', 'LT')).toBe(
      'ERR GT and LT options at the same time are not compatible',
    );
    expect(await faultOf('expire', name, 1, 'NX', 'XX')).toBe(
      'ERR NX and XX, GT or LT options at the same time are not compatible',
    );
    expect(await faultOf('expire', name, 1, 'AB')).toBe('ERR Unsupported option AB');
  });

  it('deletes with a moment that is past', async () => {
    for (const [command, time] of [
      ['expire', -1],
      ['pexpire', 0],
      ['expireat', 1],
      ['pexpireat', '-9223372036854775808'],
    ] as const) {
      await client.set(name, 1);
      expect([command, await call(command, name, time)]).toEqual([command, 1]);
      expect(await client.exists(name)).toBe(0);
    }
  });

  it('is over at once where SET and its kin say a moment that is past, for whatever comes with them too', async () => {
    const pairs: readonly (readonly [string, ...(string | number)[]])[] = [
      ['incr', name],
      ['increx', name, 'EX', 4_000],
      ['del', name],
      ['getdel', name],
      ['expire', name, 4_000],
      ['persist', name],
      ['set', name, 7, 'NX'],
    ];
    for (const past of [
      ['set', name, 5, 'PXAT', 1],
      ['increx', name, 'BYINT', 5, 'PXAT', 1],
    ] as const) {
      for (const transact of [false, true]) {
        const answers: unknown[] = [];
        for (const [then, ...args] of pairs) {
          const [first, ...more] = past;
          // Decided in one batch, whose clock stands still.
          const both = transact ? client.multi() : client.pipeline();
          const [, answer] =
            (await both
              .call(first, ...more)
              .call(then, ...args)
              .exec()) ?? [];
          answers.push([then, answer?.[1]]);
          await client.del(name);
        }
        expect([transact, ...answers]).toEqual([
          transact,
          ['incr', 1],
          ['increx', [1, 1]],
          ['del', 0],
          ['getdel', null],
          ['expire', 0],
          ['persist', 0],
          ['set', 'OK'],
        ]);
      }
    }
  });

  it('is at most ten years away, and in Redis’ words', async () => {
    await client.set(name, 1);
    const years = 11 * 365 * 24 * 60 * 60;
    expect(await faultOf('expire', name, years)).toBe("ERR invalid expire time in 'expire' command");
    expect(await faultOf('expire', name, '9223372036854775807')).toBe("ERR invalid expire time in 'expire' command");
    expect(await faultOf('set', name, 1, 'EX', 0)).toBe("ERR invalid expire time in 'set' command");
    expect(await faultOf('setex', name, -10, 1)).toBe("ERR invalid expire time in 'setex' command");
    expect(await faultOf('getex', name, 'PX', 0)).toBe("ERR invalid expire time in 'getex' command");
    expect(await faultOf('set', name, 1, 'EX', 'x')).toBe('ERR value is not an integer or out of range');
    expect(await faultOf('set', name, 1, 'EX', 1, 'PX', 1)).toBe('ERR syntax error');
    expect(await faultOf('set', name, 1, 'EX')).toBe('ERR syntax error');
    expect(await faultOf('getex', name, 'EX', 1, 'PERSIST')).toBe('ERR syntax error');
  });

  it('tells the value before', async () => {
    expect(await call('getset', name, 1)).toBeNull();
    expect(await call('set', name, 2, 'GET')).toBe('1');
    expect(await call('set', name, 3, 'NX', 'GET')).toBe('2');
    expect(await call('getex', name, 'EX', 4_000)).toBe('2');
    expect(await client.ttl(name)).toBeGreaterThan(2_000);
    expect(await call('getex', name)).toBe('2');
    expect(await call('getex', name, 'PERSIST')).toBe('2');
    expect(await call('getex', name, 'PERSIST')).toBe('2');
    expect(await client.ttl(name)).toBe(-1);
    // What is said twice, and of times the last one, as with SET.
    expect(await call('getex', name, 'EX', 0, 'ex', 4_000)).toBe('2');
    expect(await client.ttl(name)).toBeGreaterThan(2_000);
    expect(await faultOf('getex', name, 'EX', 1, 'PX', 1)).toBe('ERR syntax error');
    expect(await call('getex', name, 'PERSIST', 'persist')).toBe('2');
    expect(await client.ttl(name)).toBe(-1);
    expect(await call('getdel', name)).toBe('2');
    expect(await call('getdel', name)).toBeNull();
    expect(await call('getex', name, 'EX', 4_000)).toBeNull();
    // Of what is not there Redis does not look at the time; at its words it does, and EXPIRE at both.
    for (const time of [0, -1, 'x', '99999999999999999']) expect(await call('getex', name, 'EX', time)).toBeNull();
    expect(await faultOf('getex', name, 'EX', 0, 'PERSIST')).toBe('ERR syntax error');
    expect(await faultOf('expire', name, 'x')).toBe('ERR value is not an integer or out of range');
  });

  it('adds within limits, and says what was added', async () => {
    expect(await call('increx', name)).toEqual([1, 1]);
    expect(await call('increx', name, 'BYINT', 9, 'UBOUND', 9)).toEqual([1, 0]);
    expect(await call('increx', name, 'BYINT', 9, 'UBOUND', 9, 'SATURATE')).toEqual([9, 8]);
    expect(await call('increx', name, 'BYINT', -100, 'LBOUND', 0, 'SATURATE')).toEqual([0, -9]);
    expect(await call('increx', name, 'EX', 100, 'ENX')).toEqual([1, 1]);
    expect(await call('increx', name, 'EX', 1000, 'ENX')).toEqual([2, 1]);
    expect(await client.ttl(name)).toBeLessThanOrEqual(100);
    expect(await call('increx', name, 'PERSIST')).toEqual([3, 1]);
    expect(await client.ttl(name)).toBe(-1);
    expect(await call('increx', name, 'NX')).toBeNull();
    expect(await call('increx', name, 'BYINT', '9007199254740991')).toEqual([3, 0]);
    expect(await call('increx', `${name}:new`, 'UBOUND', 0)).toEqual([0, 0]);
    expect(await client.exists(`${name}:new`)).toBe(0);
    for (const words of [['ENX', 'PERSIST'], ['EX', 1, 'PX', 1], ['BYINT'], ['nonsense'], ['NX', 'XX']]) {
      expect([words, await faultOf('increx', name, ...words)]).toEqual([words, 'ERR syntax error']);
    }
    expect(await faultOf('increx', name, 'ENX')).toBe('ERR ENX flag requires an expiration');
    expect(await faultOf('increx', name, 'BYFLOAT', 1.5)).toBe('ERR value is not an integer or out of range');
    expect(await faultOf('increx', name, 'LBOUND', 2, 'UBOUND', 1)).toBe("ERR LBOUND can't be greater than UBOUND");
  });

  it('counts within windows in the fast lane, as over HTTP, and decides only what must be', async () => {
    const window = ['PX', HOUR_MS, 'ENX'] as const;
    const counted = await writesByLane(async () => {
      expect(await call('increx', name, 'PX', HOUR_MS / 2, 'ENX')).toEqual([1, 1]);
      const pipeline = client.pipeline();
      for (let count = 0; count < 50; count += 1) pipeline.call('increx', name, 'BYINT', 2, ...window);
      const answers = (await pipeline.exec()) ?? [];
      expect(answers).toEqual(answers.map((_, index) => [null, [3 + 2 * index, 2]]));
      expect(answers).toHaveLength(50);
      expect(await call('increx', name, 'LBOUND', '-9223372036854775808')).toEqual([102, 1]);
    });
    expect(counted).toEqual({ increments: 52, decisions: 0 });
    expect(await client.pttl(name)).toBeLessThanOrEqual(HOUR_MS / 2);

    await send(service.app.url, 'PUT', `/v1/counters/${name}`, { json: { value: 1, max: 2 } });
    const decided = await writesByLane(async () => {
      expect(await call('increx', name, 'UBOUND', 2, ...window)).toEqual([2, 1]);
      expect(await call('increx', name, 'XX', 'SATURATE', ...window)).toEqual([2, 0]);
      expect(await call('once', name, 'increx', name, 'BYINT', -1, ...window)).toEqual([1, -1]);
      expect(
        await client
          .multi()
          .call('increx', name, ...window)
          .exec(),
      ).toEqual([[null, [2, 1]]]);
    });
    expect(decided).toEqual({ increments: 0, decisions: 4 });
    // Past the bounds of the counter, which the lane cannot say.
    expect(await call('increx', name, ...window)).toEqual([2, 0]);
    expect(await call('once', name, 'increx', name, 'BYINT', -1, ...window)).toEqual([1, -1]);
  });
});
