/** What INCR left in a Redis is taken in as it is, and what cannot be a counter is told. */
import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { countersOfRedis } from '../../src/cli/transfer/redis-source.js';
import { runCli } from '../support/cli.js';
import { startRedis } from '../support/servers.js';
import { withService } from '../support/service.js';

const service = withService();

const cli = (line: string) => runCli(line.split(' '), { env: service.variables });

it('takes the plain integers of a Redis, and tells what it cannot take', async () => {
  const old = await startRedis();
  const client = new Redis(old.url);
  try {
    const pairs = Array.from({ length: 2_500 }, (_, index) => [`hits:${index}`, String(index - 5)]).flat();
    await client.mset(...pairs);
    await client.mset('hits:text', 'abc', 'hits:float', '1.5', 'hits:huge', '9007199254740993', 'other', '1');
    await client.pexpireat('hits:1', new Date('2036-01-01T00:00:00.000Z').getTime());
    // Past the year 9999, and past what any calendar has.
    await client.set('hits:late', '1', 'PXAT', '253402300800000');
    await client.set('hits:never', '1', 'PXAT', '9223372036854775807');
    await client.hset('hits:hash', 'a', '1');
    await client.set(Buffer.from([0x68, 0x69, 0x74, 0x73, 0x3a, 0xff]), '1');
    const { code, out } = await cli(`import --from-redis ${old.url} --match hits:*`);
    expect(out).toContain('2500 created, 0 replaced, 0 deleted, 0 unchanged, 0 kept, 7 skipped');
    expect(out).toMatch(/hits:never +it ends after the year 9999/);
    expect(out).toMatch(/hits:huge +the value is no integer in range/);
    expect(code).toBe(2);
    expect((await service.calls.read('hits:0')).body).toMatchObject({ value: -5, version: 1 });
    expect((await service.calls.read('hits:2499')).body.value).toBe(2494);
    expect((await service.calls.read('hits:0')).body.expiresAt).toBeNull();
    expect((await service.calls.read('hits:1')).body.expiresAt).toBe('2036-01-01T00:00:00.000Z');
    const again = await cli(`import --from-redis ${old.url} --match hits:*`);
    expect(again.out).toContain('0 created, 0 replaced, 0 deleted, 2500 unchanged, 0 kept, 7 skipped');
    expect((await service.calls.read('other')).status).toBe(404);
  } finally {
    client.disconnect();
    await old.stop();
  }
});

it('takes no integer of a Redis that ended while it was read: it would never end here', async () => {
  const old = await startRedis();
  const client = new Redis(old.url);
  try {
    await client.mset('stays', '1', 'ends', '2');
    const read = client.mget.bind(client) as (names: string[]) => Promise<(string | null)[]>;
    const readAndEnd = async (names: string[]) => read(names).finally(() => client.del('ends'));
    client.mget = readAndEnd as typeof client.mget;
    const steps = [];
    for await (const step of countersOfRedis(client, '*')) steps.push(step);
    expect(steps.flatMap(({ counters }) => counters.map(({ name }) => name))).toEqual(['stays']);
    expect(steps.flatMap(({ skipped }) => skipped.map(({ name }) => name))).toEqual(['ends']);
  } finally {
    client.disconnect();
    await old.stop();
  }
});
