/** Which names there are: SCAN, KEYS and their kin, by keys with a prefix too, and what empties it all. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { startApp, type TestApp } from '../support/app.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const NAMES = Array.from({ length: 300 }, (_, index) => `${index % 3 === 0 ? 'shop:' : 'bank:'}${index}`);
const OWN = NAMES.filter((name) => name.startsWith('shop:'));

const ENV = { RESP_PORT: '0', AUTH: 'required', ADMIN_KEY, RATE_LIMIT: 'off' };

const service = withService({ inside: true, env: ENV, ending: () => client.disconnect() });
let client: Redis;

const start = (env: Record<string, string>): Promise<TestApp> =>
  startApp({ ...service.urls, inside: true, env: { ...ENV, ...env } });

beforeAll(async () => {
  client = new Redis(service.app.respPort, { password: ADMIN_KEY });
  const pipeline = client.pipeline();
  for (const name of NAMES) pipeline.incr(name);
  pipeline.incr('gone').del('gone');
  await pipeline.exec();
});

/** Every name that a walk meets, changing over to the next client at each step. */
async function walk(clients: readonly Redis[], ...words: (string | number)[]): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  let step = 0;
  do {
    const [next, names] = (await clients[step % clients.length]?.call('scan', cursor, ...words)) as [string, string[]];
    found.push(...names);
    cursor = next;
    step += 1;
  } while (cursor !== '0');
  return found;
}

const sorted = (names: readonly string[]): string[] => [...names].sort();

describe('the names over the Redis protocol', () => {
  it('are walked through once each, at any instance, while others come and go', async () => {
    const other = await start({});
    const second = new Redis(other.respPort, { password: ADMIN_KEY });
    try {
      expect(sorted(await walk([client, second], 'COUNT', 7))).toEqual(sorted(NAMES));
      const walking = walk([client, second], 'COUNT', 7);
      for (let count = 0; count < 50; count += 1) {
        await client.incr(`come:${count}`);
        await client.del(`come:${count}`);
      }
      expect(sorted((await walking).filter((name) => !name.startsWith('come:')))).toEqual(sorted(NAMES));
    } finally {
      second.disconnect();
      await other.stop();
    }
  });

  it('are found by pattern and type', async () => {
    expect(sorted(await walk([client], 'MATCH', 'shop:*', 'COUNT', 100))).toEqual(sorted(OWN));
    expect(await walk([client], 'TYPE', 'list')).toEqual([]);
    expect(sorted(await client.keys('shop:?'))).toEqual(['shop:0', 'shop:3', 'shop:6', 'shop:9']);
    expect(await client.keys('*')).toHaveLength(NAMES.length);
    expect(await client.dbsize()).toBe(NAMES.length);
    expect(NAMES).toContain(await client.randomkey());
    await expect(client.call('scan', 'x')).rejects.toThrow('ERR invalid cursor');
    await expect(client.call('scan', 0, 'COUNT', 0)).rejects.toThrow('ERR syntax error');
    await expect(client.call('scan', 0, 'COUNT')).rejects.toThrow('ERR syntax error');
  });

  it('are told of a key’s own prefix alone', async () => {
    const { key } = await service.app.nest
      .get(KeyAdministration)
      .create({ label: 'test', scopes: ['read'], prefix: 'shop:', expiresAt: null });
    const shop = new Redis(service.app.respPort, { password: key });
    expect(sorted(await walk([shop], 'COUNT', 50))).toEqual(sorted(OWN));
    expect(await shop.dbsize()).toBe(OWN.length);
    expect(sorted(await shop.keys('*'))).toEqual(sorted(OWN));
    expect(await shop.keys('bank:*')).toEqual([]);
    expect(await shop.keys('s*')).toHaveLength(OWN.length);
    for (let count = 0; count < 20; count += 1) expect(OWN).toContain(await shop.randomkey());
    shop.disconnect();
  });

  it('are not flushed, unless the service is told so, by an operator', async () => {
    await expect(client.flushall()).rejects.toThrow(/^ERR counters are no cache.*RESP_FLUSH/);
    const flushable = await start({ RESP_FLUSH: 'delete' });
    const { key } = await flushable.nest
      .get(KeyAdministration)
      .create({ label: 'test', scopes: ['read', 'write'], prefix: '', expiresAt: null });
    const [writer, operator] = [key, ADMIN_KEY].map((password) => new Redis(flushable.respPort, { password }));
    try {
      await expect(writer?.flushall()).rejects.toThrow(/^NOPERM /);
      expect(await client.dbsize()).toBe(NAMES.length);
      expect(await operator?.flushdb('SYNC')).toBe('OK');
      expect(await operator?.flushall()).toBe('OK');
      expect(await client.dbsize()).toBe(0);
      expect(await client.randomkey()).toBeNull();
      expect(await client.get('shop:0')).toBeNull();
    } finally {
      writer?.disconnect();
      operator?.disconnect();
      await flushable.stop();
    }
  });
});
