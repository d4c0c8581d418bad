/** Clients that people have, as they are; and the class that this project began with. */
import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { eventually } from '../support/eventually.js';
import { findPythonRedis, findRedisTool, type Runnable, runTool } from '../support/redis-programs.js';
import { scrape } from '../support/scrape.js';
import { withServiceProcess } from '../support/service.js';
import { freePort } from '../../src/embedded/free-port.js';

const service = withServiceProcess({
  ownPostgres: true,
  env: async () => ({ RESP_PORT: String(await freePort()) }),
});

/** Kills the service and starts it again, on the same port. */
async function restart(): Promise<void> {
  await service.app.kill();
  await service.startAgain();
}

/** Where Debian's packages cannot be had, a line says so: nothing of it was tested. */
function given(found: Runnable | null, what: string, test: (tool: Runnable) => Promise<void>): Promise<void> {
  if (found !== null) return test(found);
  console.warn(`skipped: ${what} cannot be had here`);
  return Promise.resolve();
}

/** As it was written, but for the port. */
const SEED = (respPort: number): string => `
import redis
class Counter:
    def __init__(self): self.cache = redis.Redis(host='localhost', port=${respPort}, db=0)
    def increment(self): self.cache.incr('counter'); return self.cache.get('counter')
    def get_counter(self): return self.cache.get('counter')
    def store_counter(self, value): self.cache.set('counter', value)
`;

describe('the class that this project began with', () => {
  const python = findPythonRedis();
  const run = async (tool: Runnable, lines: string): Promise<string> => {
    const { code, out } = await runTool(tool, ['-'], `${SEED(service.app.respPort)}\ncounter = Counter()\n${lines}\n`);
    if (code !== 0) throw new Error(out);
    return out.trim();
  };

  it('increments, reads and stores; and keeps its count when everything is killed', () =>
    given(python, 'python3-redis', async (tool) => {
      expect(await run(tool, 'counter.store_counter(0); print(counter.get_counter())')).toBe("b'0'");
      expect(await run(tool, 'counter.increment(); print(counter.increment())')).toBe("b'2'");
      await restart();
      expect(await run(tool, 'print(counter.get_counter())')).toBe("b'2'");
      await service.redis.kill();
      await service.redis.restart({ empty: true });
      await service.postgres.kill();
      await service.postgres.restart();
      await eventually(async () => (await run(tool, 'print(counter.get_counter())')) === "b'2'");
      await eventually(async () => (await scrape(service.app.url)).get('evercount_cache_permission') === 1);
      // Once: one that was counted and could not be told would be counted again.
      expect(await run(tool, 'print(counter.increment())')).toBe("b'3'");
      expect(await run(tool, 'counter.store_counter(41); print(counter.increment())')).toBe("b'42'");
    }));
});

it('a WATCH that could not be answered ends what a pipeline does on the strength of it', async () => {
  const client = new Redis(service.app.respPort, { maxRetriesPerRequest: 0 });
  const watch = (name: string) =>
    client.call('watch', name).then(
      () => 'OK',
      (error: unknown) => (error as Error).message,
    );
  try {
    await client.ping();
    await service.postgres.freeze();
    await eventually(async () => (await watch('never read')).startsWith('UNAVAILABLE'));
    await service.postgres.thaw();
    await eventually(async () => (await watch('never read')) === 'OK');
    const queued = client.multi().incr('never read');
    await expect(queued.exec()).rejects.toThrow('EXECABORT');
    // What began with it is over.
    expect(await client.multi().incr('never read').exec()).toEqual([[null, 1]]);
  } finally {
    client.disconnect();
  }
});

describe('clients', () => {
  it('redis-cli counts, line by line and from a file', () =>
    given(findRedisTool('redis-cli'), 'redis-cli', async (tool) => {
      const cli = async (args: readonly string[], input = ''): Promise<string> =>
        (await runTool(tool, ['-p', String(service.app.respPort), ...args], input)).out.trim();
      expect(await cli(['incr', 'cli'])).toBe('1');
      expect(await cli(['-3', 'get', 'cli'])).toBe('1');
      expect(await cli([], 'incr cli\nincr cli\nget cli\n')).toBe('2\n3\n3');
      expect(await cli(['set', 'cli', 'words'])).toBe('ERR value is not an integer or out of range');
      expect(await cli(['--pipe'], 'INCR cli\r\n'.repeat(500))).toContain('errors: 0, replies: 500');
      expect(await cli(['get', 'cli'])).toBe('503');
    }));

  it('redis-benchmark counts every request that it was answered', () =>
    given(findRedisTool('redis-benchmark'), 'redis-benchmark', async (tool) => {
      const args = ['-p', String(service.app.respPort), '-c', '20', '-n', '4000', '-P', '8', '--csv', 'incr', 'bench'];
      const { code, out } = await runTool(tool, args);
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('"rps"') });
      const client = new Redis(service.app.respPort);
      // It sends whole pipelines, and so some more than it was asked for.
      const count = Number(await client.get('bench'));
      expect(count).toBeGreaterThanOrEqual(4_000);
      expect(count).toBeLessThan(4_000 + 20 * 8);
      client.disconnect();
    }));

  it.each([2, 3] as const)('ioredis over RESP%i connects again after a restart', async (protocol) => {
    const client = new Redis(service.app.respPort, '127.0.0.1', { protocol, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    const name = `ioredis:${protocol}`;
    expect(await client.incr(name)).toBe(1);
    await restart();
    expect(await client.get(name)).toBe('1');
    expect(await client.incr(name)).toBe(2);
    client.disconnect();
  });

  it.each([2, 3] as const)('node-redis over RESP%i connects again after a restart', async (RESP) => {
    const client = createClient({ url: `redis://127.0.0.1:${service.app.respPort}`, RESP });
    client.on('error', () => undefined);
    await client.connect();
    const name = `node-redis:${RESP}`;
    expect(await client.incr(name)).toBe(1);
    expect(await client.mGet([name, `${name}:not`])).toEqual(['1', null]);
    await restart();
    await eventually(async () => (await client.get(name)) === '1');
    expect(await client.incrBy(name, 4)).toBe(5);
    client.destroy();
  });

  it('gets the answers to what was accepted before the service ends, and then the end', async () => {
    const client = new Redis(service.app.respPort, '127.0.0.1', { retryStrategy: null, maxRetriesPerRequest: 0 });
    client.on('error', () => undefined);
    await client.set('drained', 0);
    const answers: Promise<number | null>[] = [];
    for (let count = 0; count < 2_000; count += 1) answers.push(client.incr('drained').catch(() => null));
    await answers[0];
    const exit = await service.app.stop();
    expect(exit.code).toBe(0);
    const told = (await Promise.all(answers)).filter((answer) => answer !== null);
    await service.startAgain();
    const after = new Redis(service.app.respPort);
    // In order, none twice; and no more is counted than what was answered.
    expect(told).toEqual(Array.from({ length: told.length }, (_, index) => index + 1));
    expect(await after.get('drained')).toBe(String(told.length));
    after.disconnect();
    client.disconnect();
  });
});
