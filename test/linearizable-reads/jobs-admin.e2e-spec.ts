/** What operators may look at and do by hand. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheHand } from '../support/cache-hand.js';
import { eventually, promptly } from '../support/eventually.js';
import { withService } from '../support/service.js';

interface JobBody {
  readonly job: { readonly id: string; readonly kind: string; readonly state: string; readonly result: unknown };
}
let hand: CacheHand;

const admin = <T>(method: string, path: string, body?: unknown) =>
  service.calls.call<T>(method, `/v1/admin/${path}`, body);
const jobOf = (kind: string) => expect.objectContaining({ kind, state: 'completed' });
const untilHit = (name: string) =>
  eventually(async () => (await service.calls.read(name)).headers.get('cache-status') === 'evercount; hit');

const service = withService({
  env: { RECONCILE_INTERVAL_MS: '86400000' },
  ending: () => {
    hand.close();
  },
});

beforeAll(async () => {
  hand = new CacheHand(service.redis.url);
  await service.calls.increment('a');
  await untilHit('a');
});

it('the state names the guard, Redis, the entries, the last reports and the schedule', async () => {
  await eventually(async () => {
    const { lastReconcile, lastRehydrate } = (await admin<Record<string, unknown>>('GET', 'cache')).body;
    return lastReconcile !== null && lastRehydrate !== null;
  });
  const { status, headers, body } = await admin<Record<string, unknown>>('GET', 'cache');
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(body['epoch']).toMatch(/^\d+$/);
  expect(body).toMatchObject({
    postgres: 'up',
    redis: 'up',
    guard: 'serving',
    server: { address: `127.0.0.1:${service.redis.port}`, role: 'primary', foundBy: 'url' },
    permission: true,
    sentinel: true,
    entries: 1,
    reads: { hits: expect.any(Number), misses: expect.any(Number), bypasses: expect.any(Number) },
    queue: { state: 'up', jobs: { failed: 0 }, recent: expect.arrayContaining([jobOf('rehydrate')]) },
    lastReconcile: { report: { wrong: 0, drift: [] } },
    lastRehydrate: { report: { complete: true } },
  });
});

it('a flush removes what this service put there, and nothing else; counters come back by reading', async () => {
  await untilHit('a');
  await hand.put('x', 'a foreign value under our prefix');
  await hand.redis.set('of somebody else', 'kept');
  const { status, body } = await admin('POST', 'cache/flush');
  expect([status, body]).toEqual([200, { removed: 2 }]);
  expect([await hand.value('a'), await hand.value('x')]).toEqual([null, null]);
  await expect(hand.redis.get('of somebody else')).resolves.toBe('kept');
  await expect(hand.redis.exists('evercount:sentinel')).resolves.toBe(1);
  await untilHit('a');
});

it.each(['reconcile', 'rehydrate'])('%s answers with a job, whose end can be seen', async (kind) => {
  const posted = await admin<JobBody>('POST', `cache/${kind}`);
  const { id } = posted.body.job;
  expect([posted.status, posted.body.job.kind, posted.headers.get('location')]).toEqual([
    202,
    kind,
    `/v1/admin/jobs/${id}`,
  ]);
  const read = () => service.calls.call<JobBody>('GET', posted.headers.get('location') ?? '');
  await eventually(async () => (await read()).body.job.state === 'completed');
  expect((await read()).body.job).toMatchObject({ id, kind, result: { complete: true } });
});

it('a reconcile by hand finds what was planted', async () => {
  await untilHit('a');
  const { body } = await service.calls.read('a');
  await hand.plant('a', body.version, { ...body, value: 41 });
  const { id } = (await admin<JobBody>('POST', 'cache/reconcile')).body.job;
  await eventually(async () => (await admin<JobBody>('GET', `jobs/${id}`)).body.job.state === 'completed');
  expect((await admin<JobBody>('GET', `jobs/${id}`)).body.job.result).toMatchObject({
    wrong: 1,
    repaired: 1,
    drift: [{ name: 'a', cached: { value: 41 }, true: { value: body.value } }],
  });
});

it.each(['987654321', 'meta', 'repeat', 'a%2Fb', '%00', 'x'.repeat(200)])('there is no job %s', async (id) => {
  const { status, body } = await admin<{ code: string }>('GET', `jobs/${id}`);
  expect([status, body.code]).toEqual([404, 'not_found']);
});

it.each(['flush', 'rehydrate', 'reconcile'])('%s takes no arguments', async (action) => {
  const { status, body } = await admin<{ code: string }>('POST', `cache/${action}`, { prefix: 'a' });
  expect([status, body.code]).toEqual([400, 'invalid_request']);
});

describe.each([
  ['killed', () => service.redis.kill(), () => service.redis.restart({ empty: true })],
  ['frozen', () => service.redis.freeze(), () => service.redis.thaw()],
])('while Redis is %s', (_, lose, regain) => {
  const untilUp = () =>
    eventually(async () => {
      const { body } = await admin<{ permission: boolean; queue: { state: string } }>('GET', 'cache');
      return body.permission && body.queue.state === 'up';
    });
  beforeAll(async () => {
    await untilUp();
    await lose();
  });
  afterAll(async () => {
    await regain();
    await untilUp();
  });

  it.each([
    ['POST', 'cache/rehydrate'],
    ['POST', 'cache/reconcile'],
    ['POST', 'cache/flush'],
    ['GET', 'jobs/1'],
  ])('%s %s is refused within a second', async (method, path) => {
    const { status, headers, body } = await promptly(1_000, () => admin<{ code: string }>(method, path));
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '1']);
  });

  it('the state says so', async () => {
    await eventually(async () => (await admin<{ redis: string }>('GET', 'cache')).body.redis === 'degraded');
    const { status, body } = await admin<Record<string, unknown>>('GET', 'cache');
    expect([status, body['permission'], body['entries'], body['queue']]).toEqual([200, false, null, { state: 'down' }]);
  });
});
