import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, promptly } from '../support/eventually.js';
import { type HttpAnswer, type HttpOptions, send } from '../support/http.js';
import { withService } from '../support/service.js';

/** What was promised for a write while Postgres is away. */
const REFUSED_MS = 3_000;

const service = withService({ ownPostgres: true });

const call = (method: string, path: string, options?: HttpOptions) => send(service.app.url, method, path, options);
const untilReady = (status: number, query = '') =>
  eventually(async () => (await call('GET', `/readyz${query}`)).status === status);
const ready = async (query = '') => {
  const { status, body } = await call('GET', `/readyz${query}`);
  return [status, JSON.parse(body) as Record<string, unknown>] as const;
};

const untilWell = () => eventually(async () => (await ready())[1]['redis'] === 'up');

function expectUnavailable(answer: HttpAnswer): void {
  const problem = JSON.parse(answer.body) as Record<string, unknown>;
  expect([answer.status, problem['code'], problem['instance']]).toEqual([
    503,
    expect.stringMatching(/^(unavailable|outcome_unknown)$/),
    answer.headers['x-request-id'],
  ]);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
}

it('the service is alive and ready while all is well', async () => {
  await untilWell();
  expect(await ready()).toEqual([200, { status: 'ok', postgres: 'up', redis: 'up' }]);
  expect((await call('GET', '/livez')).status).toBe(200);
});

describe('while Redis is away', () => {
  beforeAll(async () => {
    await service.redis.kill();
    await eventually(async () => (await ready())[1]['redis'] === 'degraded');
  });
  afterAll(async () => {
    await service.redis.restart();
    await untilWell();
  });

  it('the service is ready, and says that it is degraded', async () => {
    expect(await ready()).toEqual([200, { status: 'ok', postgres: 'up', redis: 'degraded' }]);
  });
});

describe('while Postgres is away', () => {
  beforeAll(async () => {
    // Read until it is cached: the cache may have been away a moment ago.
    await call('POST', '/v1/counters/cached/increment');
    await eventually(
      async () => (await call('GET', '/v1/counters/cached')).headers['cache-status'] === 'evercount; hit',
    );
    await service.postgres.kill();
    await untilReady(503);
  });
  afterAll(async () => {
    await service.postgres.restart();
    await untilReady(200);
  });

  it('the service is alive, and not ready, except for who can do with cached reads', async () => {
    expectUnavailable(await call('GET', '/readyz'));
    expect(await ready('?degraded=ok')).toEqual([200, { status: 'degraded', postgres: 'down', redis: 'up' }]);
    expect((await call('GET', '/livez')).status).toBe(200);
  });

  it.each<[string, string, HttpOptions]>([
    ['POST', '/v1/counters/c/increment', {}],
    ['POST', '/v1/counters/c/increment', { headers: { 'idempotency-key': 'outage' } }],
    ['POST', '/v1/counters/c/reset', {}],
    ['PUT', '/v1/counters/c', { json: { value: 1 } }],
    ['DELETE', '/v1/counters/c', {}],
    ['POST', '/v1/increments', { json: { increments: [{ name: 'a' }, { name: 'b' }] } }],
    ['POST', '/v1/increments', { json: { increments: [{ name: 'a' }, { name: 'b' }], atomic: true } }],
    ['GET', '/v1/counters', {}],
    ['GET', '/v1/counters/not-cached', {}],
    ['GET', '/v1/counters/cached?consistency=strong', {}],
    ['POST', '/v1/reads', { json: { names: ['not-cached'] } }],
  ])('%s %s is 503 in time, and says when to try again', async (method, path, options) => {
    expectUnavailable(await promptly(REFUSED_MS, () => call(method, path, options)));
  });

  it('a cached counter is read, and marked as unverified', async () => {
    const answer = await call('GET', '/v1/counters/cached');
    expect([answer.status, answer.headers['cache-status']]).toEqual([200, 'evercount; hit; detail=unverified']);
  });

  it('the log tells of the refusals once, not for each', async () => {
    const count = () => service.app.log.filter((line) => line.includes('requests are refused')).length;
    await call('POST', '/v1/counters/c/increment');
    const before = count();
    expect(before).toBeGreaterThan(0);
    await Promise.all(Array.from({ length: 20 }, () => call('POST', '/v1/counters/c/increment')));
    // A new period may have begun.
    expect(count()).toBeLessThanOrEqual(before + 1);
  });
});

it('afterwards nothing of what was refused has been counted', async () => {
  const { body } = await call('GET', '/v1/counters');
  expect((JSON.parse(body) as { data: { name: string }[] }).data).toMatchObject([{ name: 'cached', value: 1 }]);
});
