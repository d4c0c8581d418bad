/** What clients of Redis count at an edge arrives exactly once; what an edge cannot decide counts nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RunningEdge, startEdge } from '../../src/edge/start.js';
import { hasDelivered, settingsOf, startEdgeProcess } from '../support/edge.js';
import { eventually } from '../support/eventually.js';
import { findRedisTool, runTool } from '../support/redis-programs.js';
import { command, connectRaw } from '../support/resp.js';
import { withService } from '../support/service.js';

/** EDGE_KILLS=1000 is the long form, of half an hour. */
const KILLS = Number(process.env['EDGE_KILLS'] ?? '3');

const NEEDS_CONNECTION = /^NEEDSCONNECTION /;
const LOCAL_KEY = 'the-key-of-this-very-shop';

const service = withService();
const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const truth = async (name: string) => (await service.calls.read(name, '?consistency=strong')).body.value;

async function edgeWith(more: Parameters<typeof settingsOf>[1] = {}): Promise<RunningEdge & { respPort: number }> {
  const edge = await startEdge(await settingsOf(service.app.url, { respPort: 0, ...more }), () => undefined);
  endings.push(() => edge.close());
  return { ...edge, respPort: Number(new URL(edge.respUrl ?? '').port) };
}

/** Sends nothing again by itself. */
function clientOf(port: number, more: { readonly password?: string } = {}): Redis {
  const client = new Redis({ port, retryStrategy: () => null, autoResendUnfulfilledCommands: false, ...more });
  // What it is told of is what its commands are rejected with.
  client.on('error', () => undefined);
  endings.push(() => {
    // Of one that has ended it would wait for the end once more.
    if (client.status !== 'end') client.disconnect();
  });
  return client;
}

it('clients of Redis count and read, in order, and what they counted arrives', async () => {
  const edge = await edgeWith();
  const client = clientOf(edge.respPort);
  expect(await client.get('redis:shop')).toBeNull();
  expect(await client.incr('redis:shop')).toBe(1);
  expect(await client.incrby('redis:shop', 10)).toBe(11);
  expect(await client.decr('redis:shop')).toBe(10);
  expect(await client.decrby('redis:shop', 3)).toBe(7);
  expect(await client.mget('redis:shop', 'redis:none')).toEqual(['7', null]);
  await hasDelivered(edge);
  expect(await truth('redis:shop')).toBe(7);
  await service.calls.increment('redis:shop', 100);
  // Upstream is heard with the next delivery.
  expect(await client.incr('redis:shop')).toBe(8);
  await hasDelivered(edge);
  expect(await client.get('redis:shop')).toBe('108');
  const pipeline = client.pipeline();
  for (let time = 0; time < 2_500; time += 1) pipeline.incr('redis:piped');
  pipeline.get('redis:piped').incr('redis:piped').get('redis:piped');
  const answers = (await pipeline.exec()) ?? [];
  expect(answers.slice(-4).map(([, answer]) => answer)).toEqual([2_500, '2500', 2_501, '2501']);
  await hasDelivered(edge);
  expect(await truth('redis:piped')).toBe(2_501);
});

it('redis-cli counts, line by line and from a file', async () => {
  const tool = findRedisTool('redis-cli');
  if (tool === null) {
    console.warn('skipped: redis-cli cannot be had here');
    return;
  }
  const edge = await edgeWith();
  const cli = async (args: readonly string[], input = ''): Promise<string> =>
    (await runTool(tool, ['-p', String(edge.respPort), ...args], input)).out.trim();
  expect(await cli(['incr', 'cli'])).toBe('1');
  expect(await cli(['-3', 'get', 'cli'])).toBe('1');
  expect(await cli([], 'incr cli\nincr cli\nget cli\n')).toBe('2\n3\n3');
  expect(await cli(['set', 'cli', '1'])).toMatch(NEEDS_CONNECTION);
  expect(await cli(['--pipe'], 'INCR cli\r\n'.repeat(500))).toContain('errors: 0, replies: 500');
  await hasDelivered(edge);
  expect(await truth('cli')).toBe(503);
});

it('what cannot be decided without the truth is refused, and counts nothing', async () => {
  const edge = await edgeWith();
  const client = clientOf(edge.respPort);
  await expect(client.set('no', 1)).rejects.toThrow(NEEDS_CONNECTION);
  await expect(client.del('no')).rejects.toThrow(NEEDS_CONNECTION);
  await expect(client.expire('no', 1)).rejects.toThrow(NEEDS_CONNECTION);
  await expect(client.flushall()).rejects.toThrow(NEEDS_CONNECTION);
  // Or what belongs together would be done in part, while its client believes that nothing was.
  await expect(client.multi().incr('no').incr('no').exec()).rejects.toThrow(/NEEDSCONNECTION/);
  await expect(client.lpush('no', '1')).rejects.toThrow(
    "ERR unknown command 'lpush', with args beginning with: 'no' '1' ",
  );
  await expect(client.incrby('no', '1.5')).rejects.toThrow('ERR value is not an integer or out of range');
  await expect(client.incrby('no', 0)).rejects.toThrow('ERR an edge adds no 0');
  for (const words of ['once id incr no', 'client setname a-name'].map((text) => text.split(' '))) {
    await expect(client.call('once', 'id', ...words)).rejects.toThrow('ERR at an edge ONCE takes INCR');
  }
  await expect(client.call('once', 'id', 'multi', 'now')).rejects.toThrow(NEEDS_CONNECTION);
  // What is refused so has done nothing, and began nothing.
  expect(await client.call('client', 'getname')).toBeNull();
  await expect(client.incr('no\n')).rejects.toThrow('ERR invalid key');
  expect([await client.get('no'), edge.edge.status.waiting.increments]).toEqual([null, 0]);
  await client.incrby('much', 9_007_199_254_740_991);
  await expect(client.incr('much')).rejects.toThrow('ERR increment or decrement would overflow');
  const page = await connectRaw(edge.respPort);
  page.send('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nINCR no\r\n');
  await eventually(() => page.isClosed());
  expect([page.received(), await client.get('no')]).toEqual(['', null]);
});

it('who does not show the local key counts nothing', async () => {
  const edge = await edgeWith({ localKey: LOCAL_KEY });
  const stranger = await connectRaw(edge.respPort);
  endings.push(() => stranger.close());
  expect(await stranger.ask(command('INCR', 'keyed'), '\r\n')).toMatch(/^-NOAUTH /);
  expect(await stranger.ask(command('HELLO', '3'), '\r\n')).toMatch(/^-NOAUTH HELLO/);
  expect(await stranger.ask(command('AUTH', 'wrong'), '\r\n')).toMatch(/^-WRONGPASS /);
  expect(await stranger.ask(command('INCR', 'keyed'), '\r\n')).toMatch(/^-NOAUTH /);
  expect(await clientOf(edge.respPort, { password: LOCAL_KEY }).incr('keyed')).toBe(1);
});

it(`kill -9 at ${KILLS} random moments: each increment that was answered counts once, as does each that is given once`, async () => {
  const { file } = await settingsOf(service.app.url);
  let [acknowledged, sent, once] = [0, 0, 0];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const edge = await startEdgeProcess(service.app.url, file);
    const plain = Array.from({ length: 4 }, async () => {
      const client = clientOf(edge.respPort);
      for (;;) {
        sent += 1;
        if ((await client.incr('killed').catch(() => null)) === null) return;
        acknowledged += 1;
      }
    });
    const given = (async () => {
      const client = clientOf(edge.respPort);
      while ((await client.call('ONCE', `once-${once}`, 'INCR', 'killed:once').catch(() => null)) !== null) once += 1;
    })();
    await sleep(Math.random() * 400);
    await edge.kill();
    await Promise.all([...plain, given]);
  }
  const edge = await edgeWith({ file });
  // The one that was not answered is given once more.
  await clientOf(edge.respPort).call('ONCE', `once-${once}`, 'INCR', 'killed:once');
  await hasDelivered(edge);
  expect(await truth('killed:once')).toBe(once + 1);
  const counted = await truth('killed');
  expect(counted).toBeGreaterThanOrEqual(acknowledged);
  expect(counted).toBeLessThanOrEqual(sent);
}, 3_600_000);
