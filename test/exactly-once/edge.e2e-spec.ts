/** What an edge acknowledged counts upstream exactly once, whatever happens to it, to the way there, or to upstream. */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { Courier } from '../../src/edge/courier.js';
import { EdgeFile, firstOf } from '../../src/edge/edge-file.js';
import { Outbox } from '../../src/edge/outbox.js';
import { type RunningEdge, startEdge } from '../../src/edge/start.js';
import { Tally } from '../../src/edge/tally.js';
import { Upstream } from '../../src/edge/upstream.js';
import { closingAfterEach } from '../support/closing.js';
import { hasDelivered, localCalls, settingsOf, startEdgeProcess } from '../support/edge.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** EDGE_KILLS=1000 is the long form, of half an hour. */
const KILLS = Number(process.env['EDGE_KILLS'] ?? '5');

const LOST_ANSWERS = 100;

const service = withService();
const keep = closingAfterEach();

const truth = async (name: string) => (await service.calls.read(name, '?consistency=strong')).body.value;
interface Local {
  readonly name: string;
  readonly value: number;
  readonly pending: number;
  readonly asOf: string | null;
}
const read = (edge: RunningEdge, name: string) => localCalls(edge).call<Local>('GET', `/v1/counters/${name}`);

it('a shop counts with the cable pulled, and what it counted arrives when it is plugged in', async () => {
  const proxy = keep(await TcpProxy.start({ host: '127.0.0.1', port: Number(new URL(service.app.url).port) }));
  const edge = keep(await startEdge(await settingsOf(`http://127.0.0.1:${proxy.port}`), () => undefined));
  const calls = localCalls(edge);
  await calls.increment('shop', 3);
  await hasDelivered(edge);
  expect(await truth('shop')).toBe(3);
  await proxy.setMode({ kind: 'refuse' });
  for (let visitor = 0; visitor < 10; visitor += 1) await calls.increment('shop', 1);
  await calls.decrement('shop', 2);
  const away = await read(edge, 'shop');
  expect(away.body).toMatchObject({ value: 11, pending: 11 });
  expect(away.headers.get('cache-status')).toMatch(/^evercount; hit; detail=local; pending=11; as-of="\d{4}-/);
  await eventually(() => edge.edge.courier.contact.fault !== null);
  expect(await truth('shop')).toBe(3);
  await proxy.setMode({ kind: 'pass' });
  edge.edge.courier.hurry();
  await hasDelivered(edge);
  expect(await truth('shop')).toBe(11);
  expect((await read(edge, 'shop')).body).toMatchObject({ value: 11, pending: 0 });
});

it('what cannot be decided without the truth is said so, and counts nothing', async () => {
  const edge = keep(await startEdge(await settingsOf('http://127.0.0.1:1'), () => undefined));
  const calls = localCalls(edge);
  for (const [method, path, body] of [
    ['PUT', '/v1/counters/a', { value: 1 }],
    ['DELETE', '/v1/counters/a', undefined],
    ['POST', '/v1/counters/a/reset', {}],
    ['POST', '/v1/increments', { increments: [{ name: 'a' }], atomic: true }],
    ['POST', '/v1/increments', { increments: [{ name: 'a', ttlMs: 1000 }] }],
    ['POST', '/v1/counters/a/increment', { by: 1, ttlMs: 1000 }],
    ['GET', '/v1/counters/a?consistency=strong', undefined],
    ['GET', '/v1/stream?name=a', undefined],
  ] as const) {
    expect((await calls.call(method, path, body)).body).toMatchObject({ status: 409, code: 'needs_connection' });
  }
  const conditional = await calls.increment('a', 1, { headers: { 'if-match': '"1"' } });
  expect(conditional.body).toMatchObject({ code: 'needs_connection' });
  expect((await calls.increment('a', 0)).status).toBe(400);
  // An argument that is not heeded must not count as 1.
  expect((await calls.call('POST', '/v1/counters/a/increment?by=5')).status).toBe(400);
  expect((await calls.call('POST', '/v1/edge/drop?ids=1')).status).toBe(400);
  expect((await calls.read('a')).status).toBe(404);
  const patched = await calls.call('PATCH', '/v1/counters/a');
  expect([patched.status, patched.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, PUT']);
  const { type } = conditional.body as unknown as { type: string };
  expect(await (await fetch(new URL(type, edge.url))).text()).toContain('<code>needs_connection</code>');
  const many = await calls.call<{ data: (Local | null)[] }>('POST', '/v1/reads', { names: ['a'] });
  expect(many.body.data).toEqual([null]);
  // Nothing was heard yet.
  await calls.increment('a');
  const found = await read(edge, 'a');
  expect(found.headers.get('cache-status')).toBe('evercount; hit; detail=local; pending=1');
  expect(found.body.asOf).toBeNull();
});

it('a key counts once here and there', async () => {
  const edge = keep(await startEdge(await settingsOf(service.app.url), () => undefined));
  const calls = localCalls(edge);
  await service.calls.increment('till', 5, { key: 'bon-1' });
  const first = await calls.increment('till', 5, { key: 'bon-1' });
  await calls.increment('till', 7, { key: 'bon-2' });
  const again = await calls.increment('till', 5, { key: 'bon-1' });
  expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
  expect((await calls.increment('till', 6, { key: 'bon-1' })).body).toMatchObject({ code: 'idempotency_key_reused' });
  // Quoted it is the same key, and read as upstream reads it.
  await service.calls.increment('till', 1, { key: '"bon \\"3\\""' });
  await calls.increment('till', 1, { key: '"bon \\"3\\""' });
  expect((await calls.increment('till', 1, { key: '"bon "3""' })).status).toBe(400);
  await hasDelivered(edge);
  expect(await truth('till')).toBe(13);
});

it(`kill -9 at ${KILLS} random moments of counting and delivering`, async () => {
  const { file } = await settingsOf(service.app.url);
  let [acknowledged, sent, keyed] = [0, 0, 0];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const edge = await startEdgeProcess(service.app.url, file);
    const calls = localCalls(edge);
    const killed = new AbortController();
    const plain = Promise.all(
      Array.from({ length: 8 }, async () => {
        while (!killed.signal.aborted) {
          sent += 1;
          const { status } = await calls.increment('killed').catch(() => ({ status: 0 }));
          if (status === 200) acknowledged += 1;
          else return;
        }
      }),
    );
    const withKeys = (async () => {
      while (!killed.signal.aborted) {
        const { status } = await calls.increment('killed:keyed', 1, { key: `k-${keyed}` }).catch(() => ({ status: 0 }));
        if (status !== 200) return;
        keyed += 1;
      }
    })();
    await sleep(Math.random() * 400);
    killed.abort();
    await edge.kill();
    await Promise.all([plain, withKeys]);
  }
  const edge = keep(await startEdge(await settingsOf(service.app.url, { file }), () => undefined));
  // The one that was not answered is sent once more.
  await localCalls(edge).increment('killed:keyed', 1, { key: `k-${keyed}` });
  await hasDelivered(edge);
  expect(await truth('killed:keyed')).toBe(keyed + 1);
  const counted = await truth('killed');
  expect(counted).toBeGreaterThanOrEqual(acknowledged);
  expect(counted).toBeLessThanOrEqual(sent);
}, 3_600_000);

it(`each delivery counts once although its answer is lost ${LOST_ANSWERS} times`, async () => {
  const { file: path } = await settingsOf(service.app.url);
  const file = EdgeFile.open(path);
  const tally = new Tally(file);
  const upstream = new Upstream(service.app.url, null);
  let lost = 0;
  const lossy = {
    deliver: async (...args: Parameters<Upstream['deliver']>) => {
      const heard = await upstream.deliver(...args);
      if (lost >= LOST_ANSWERS) return heard;
      lost += 1;
      return { status: 0, code: null, retryAfterSeconds: null, body: null, fault: 'lost' };
    },
    position: upstream.position.bind(upstream),
    close: () => upstream.close(),
  };
  const courier = new Courier(file, new Outbox(file), lossy, 10, 0);
  let total = 0;
  for (let by = 1; lost < LOST_ANSWERS || by < 20; by += 1) {
    tally.keep([{ name: 'lost', by, key: null }], Date.now());
    total += by;
    for (let step = 0; step < 12; step += 1) await courier.step();
  }
  while ((await courier.step()) !== null);
  await courier.stop();
  file.close();
  expect(await truth('lost')).toBe(total);
});

it('what upstream refuses stays with its reason, until it is tried again or dropped', async () => {
  await service.calls.set('seats', { value: 0, max: 2 });
  const edge = keep(await startEdge(await settingsOf(service.app.url), () => undefined));
  const calls = localCalls(edge);
  await calls.increment('seats', 5);
  await eventually(() => edge.edge.status.refused.length === 1);
  const { body } = await calls.call<{ refusedItems: { id: number; code: string; by: number }[] }>('GET', '/v1/edge');
  expect(body.refusedItems).toMatchObject([{ name: 'seats', by: 5, code: 'out_of_bounds', status: 409 }]);
  const metrics = await (await fetch(`${edge.url}/metrics`)).text();
  expect(metrics).toContain('evercount_edge_refused_items{code="out_of_bounds"} 1');
  await service.calls.set('seats', { value: 0, max: 10 });
  expect((await calls.call('POST', '/v1/edge/retry', {})).body).toEqual({ retried: 1 });
  await hasDelivered(edge);
  expect([await truth('seats'), edge.edge.status.refused]).toEqual([5, []]);
  await calls.increment('seats', 50);
  await eventually(() => edge.edge.status.refused.length === 1);
  expect((await calls.call('POST', '/v1/edge/drop', {})).body).toEqual({ dropped: 1 });
  expect([await truth('seats'), edge.edge.status.refused]).toEqual([5, []]);
});

it('a disk without room is told as 503, and nothing is half written', async () => {
  const settings = await settingsOf(service.app.url, { everyMs: 60_000 });
  const edge = keep(await startEdge(settings, () => undefined));
  const calls = localCalls(edge);
  const { page_count: pages } = firstOf(edge.edge.file.all<{ page_count: number }>('PRAGMA page_count'));
  edge.edge.file.all(`PRAGMA max_page_count = ${pages + 4}`);
  let kept = 0;
  for (let at = 0; ; at += 1) {
    const increments = Array.from({ length: 50 }, (_, index) => ({ name: `full:${at}:${index}` }));
    const { status } = await calls.batch({ increments });
    if (status !== 200) {
      expect(status).toBe(503);
      break;
    }
    kept += 50;
  }
  expect(kept).toBeGreaterThan(0);
  edge.edge.file.all('PRAGMA max_page_count = 1000000');
  expect(edge.edge.status.waiting.increments).toBe(kept);
  await calls.increment('full:again');
  edge.edge.courier.hurry();
  await hasDelivered(edge);
  const { body } = await service.calls.call<{ data: unknown[] }>('GET', '/v1/counters?prefix=full:&limit=1000');
  expect(body.data).toHaveLength(kept + 1);
});

it('a file that is torn, or held by another process, and a port that is taken are told with what to do', async () => {
  const settings = await settingsOf(service.app.url);
  await writeFile(settings.file, 'no database at all, but long enough to be looked at '.repeat(100));
  await expect(startEdge(settings, () => undefined)).rejects.toThrow(/is damaged:[^]*\.recover/);
  const held = await settingsOf(service.app.url);
  keep(await startEdge(held, () => undefined));
  await expect(startEdge(held, () => undefined)).rejects.toThrow(/held by another process/);
  const port = Number(new URL(service.app.url).port);
  await expect(startEdge({ ...settings, port }, () => undefined)).rejects.toThrow(/^PORT: \d+ on .+ is taken/);
});

it('thirty days away: every minute arrives, though each key is long gone', async () => {
  const { file: path } = await settingsOf(service.app.url);
  const file = EdgeFile.open(path);
  const tally = new Tally(file);
  const beganMs = Date.now() - 30 * 86_400_000;
  let total = 0;
  for (let hour = 0; hour < 30 * 24; hour += 1) {
    tally.keep(
      [
        { name: 'bus', by: hour + 1, key: null },
        { name: 'bus', by: 1, key: `ride-${hour}` },
      ],
      beganMs + hour * 3_600_000,
    );
    total += hour + 2;
  }
  file.close();
  const edge = keep(await startEdge(await settingsOf(service.app.url, { file: path }), () => undefined));
  await hasDelivered(edge);
  expect(await truth('bus')).toBe(total);
  expect(edge.edge.courier.settled.deliveries).toBe(2);
});
