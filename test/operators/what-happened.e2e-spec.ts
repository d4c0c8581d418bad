/** What happened to servers and cache is told at once, by the stream, and stays: a flush of Redis does not take it along. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { CleanUp } from '../../src/counters/upkeep/clean-up.js';
import { EventSource } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { itInside } from '../support/on-bun.js';
import { withService } from '../support/service.js';

const open: EventSource[] = [];
const service = withService({
  ownPostgres: true,
  ending: () => {
    for (const stream of open) stream.close();
  },
});

interface Item {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

async function get<T>(path: string): Promise<T> {
  const { status, body } = await send(service.app.url, 'GET', path);
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(body) as T;
}

const events = async (query = '') => (await get<{ data: Item[] }>(`/v1/events?${query}`)).data;
const kinds = async () => (await events('limit=1000')).map(({ kind }) => kind);
const statuses = (stream: EventSource) =>
  stream.of('status').map(({ data }) => data as { postgres: string; redis: string; guard: string });
const told = (stream: EventSource) => stream.of('happened').map(({ data }) => data as Item);

async function stream(query: string): Promise<EventSource> {
  const opened = await (await EventSource.open(service.app.url, query)).untilSnapshot();
  open.push(opened);
  return opened;
}

beforeAll(async () => {
  await service.calls.set('shown', { value: 1 });
  await eventually(async () => (await kinds()).includes('cache.refilled'));
});

it('a flush is in the log, and in the stream of who asks for it, with what was done about it', async () => {
  const [operator, viewer] = [await stream('events=true'), await stream('name=shown')];
  const before = await kinds();
  const redis = new Redis(service.redis.url);
  await redis.flushall();
  redis.disconnect();
  await eventually(() => told(operator).some(({ kind }) => kind === 'cache.refilled'));
  const after = await events('limit=1000');
  expect(after.length).toBeGreaterThanOrEqual(before.length + 2);
  expect(after.slice(0, 2)).toMatchObject([
    { kind: 'cache.refilled', detail: { filled: expect.any(Number), durationMs: expect.any(Number) } },
    { kind: 'cache.cold' },
  ]);
  expect(told(operator)).toEqual(after.slice(0, 2).reverse());
  expect(told(viewer)).toEqual([]);
});

it('what somebody did to the service is in it, too', async () => {
  const operator = await stream('events=true');
  await send(service.app.url, 'POST', '/v1/admin/cache/flush');
  await eventually(() => told(operator).some(({ kind }) => kind === 'cache.flush'));
  await service.calls.set('not-told', { value: 1 });
  const [latest] = await events('kind=cache.flush');
  expect(latest).toMatchObject({ kind: 'cache.flush', detail: { actor: 'off', via: 'http' } });
  expect(await kinds()).not.toContain('counter.set');
});

it('it is read page by page', async () => {
  const all = await events('limit=1000');
  const paged: Item[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: { data: Item[]; nextCursor: string | null } = await get(`/v1/events?limit=2${query}`);
    paged.push(...page.data);
    cursor = page.nextCursor;
  }
  expect(all.length).toBeGreaterThan(4);
  expect(paged).toEqual(all);
  expect(await events('to=2020-01-01T00:00:00Z')).toEqual([]);
  for (const query of ['kind=nothing', 'from=yesterday', 'from=0000-01-01T00:00:00Z'])
    expect((await send(service.app.url, 'GET', `/v1/events?${query}`)).status).toBe(400);
  // What RFC 3339 allows, and Postgres does not.
  for (const to of [
    '0000-12-31t23:59:59-14:00',
    '2026-01-01T00:00:00%2B23:59',
    `2026-01-01T00:00:00.${'1'.repeat(400)}z`,
  ])
    expect(await events(`to=${to}`)).toEqual([]);
});

describe('trouble is told by the stream before anything else knows of it', () => {
  it('of a frozen Redis', async () => {
    const viewer = await stream('name=shown');
    await eventually(() => statuses(viewer).at(-1)?.guard === 'serving');
    await service.redis.freeze();
    try {
      await eventually(() => statuses(viewer).at(-1)?.redis === 'away');
      expect(statuses(viewer).map(({ redis }) => redis)).toEqual(expect.arrayContaining(['up', 'silent', 'away']));
      expect(statuses(viewer).at(-1)?.postgres).toBe('up');
    } finally {
      await service.redis.thaw();
    }
    await eventually(() => statuses(viewer).at(-1)?.guard === 'serving');
    await eventually(async () => {
      const found = await kinds();
      return found.includes('redis.back') && found.includes('cache.serving');
    });
    const about = (await events()).filter(({ kind }) => /^(redis|cache\.(blind|serving))/.test(kind)).reverse();
    expect(about.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['redis.away', 'redis.back', 'cache.blind', 'cache.serving']),
    );
    expect(about.find(({ kind }) => kind === 'redis.back')?.detail).toMatchObject({ afterMs: expect.any(Number) });
  });

  it('of a frozen Postgres, and what happened meanwhile is written down when it is back', async () => {
    const [operator, viewer] = [await stream('events=true'), await stream('name=shown')];
    await service.postgres.freeze();
    try {
      await eventually(() => statuses(viewer).at(-1)?.postgres === 'away');
      expect(statuses(viewer).map(({ postgres }) => postgres)).toEqual(
        expect.arrayContaining(['up', 'silent', 'away']),
      );
    } finally {
      await service.postgres.thaw();
    }
    await eventually(() => told(operator).some(({ kind }) => kind === 'postgres.back'));
    const [back, away] = (await events()).filter(({ kind }) => kind.startsWith('postgres'));
    expect([back?.kind, away?.kind]).toEqual(['postgres.back', 'postgres.away']);
    // As long ago as it was, and not when it was written.
    const apartMs = Date.parse(back?.at ?? '') - Date.parse(away?.at ?? '');
    expect(Math.abs(apartMs / (back?.detail['afterMs'] as number) - 1)).toBeLessThan(0.2);
  });

  it('of a Postgres that was killed: another one is told as such', async () => {
    await service.postgres.restartImmediately();
    await eventually(async () => (await kinds()).includes('postgres.failover'));
  });
});

interface Point {
  readonly at: string;
  readonly hits: number;
  readonly increments: number;
  readonly commitMs: number | null;
  readonly instances: number;
}

describe('the timeline', () => {
  const timeline = (over = '5m') =>
    get<{ from: string; to: string; stepMs: number; points: Point[]; marks: Item[] }>(`/v1/timeline?over=${over}`);

  it('tells how reads and writes went, and marks what happened', async () => {
    const [reads, writes] = [30, 20];
    await eventually(async () => (await service.calls.read('shown')).headers.get('cache-status') === 'evercount; hit');
    const hitsOf = (points: readonly Point[], stepMs: number) =>
      points.reduce((sum, { hits }) => sum + (hits * stepMs) / 1_000, 0);
    for (let turn = 0; turn < reads; turn += 1) await service.calls.read('shown');
    for (let turn = 0; turn < writes; turn += 1) await service.calls.increment('shown');
    await eventually(async () => (await timeline()).points.some(({ increments }) => increments > 0));
    const { from, to, stepMs, points, marks } = await timeline();
    expect(stepMs).toBe(5_000);
    expect(Date.parse(to) - Date.parse(from)).toBeLessThanOrEqual(300_000);
    expect(hitsOf(points, stepMs)).toBeGreaterThan(1);
    expect(points.filter(({ increments }) => increments > 0).every(({ commitMs }) => (commitMs ?? 0) > 0)).toBe(true);
    expect(new Set(points.map(({ instances }) => instances))).toEqual(new Set([1]));
    expect(points.map(({ at }) => at)).toEqual([...new Set(points.map(({ at }) => at))].sort());
    expect(marks.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['cache.cold', 'redis.away']));
    for (const over of ['15m', '1h', '6h', '24h']) expect((await timeline(over)).points.length).toBeGreaterThan(0);
    expect((await send(service.app.url, 'GET', '/v1/timeline?over=2h')).status).toBe(400);
  });

  itInside('adds instances up by their rates, whatever the lengths of their samples', async () => {
    const truth = new pg.Client({ connectionString: service.databaseUrl });
    await truth.connect();
    try {
      // Two that were there an hour ago, in one step: 10 and 40 hits a second.
      await truth.query(`
        INSERT INTO samples (at, instance, span_ms, hits, misses, bypasses, unverified, increments, other_writes, failures,
                             commits, commit_ms, publishes, publish_ms, queue, serves)
        SELECT to_timestamp(floor(extract(epoch FROM now()) / 120) * 120 - 3600 + nth * 2), instance, span, span * rate / 1000,
               0, 0, 0, 0, 0, 0, 2, 6, 0, 0, nth, instance = 'a'
        FROM (VALUES ('a', 2000, 10), ('b', 5000, 40)) AS told (instance, span, rate), generate_series(1, 20) AS nth`);
      const { points } = await timeline('6h');
      expect(points[0]).toMatchObject({ hits: 50, instances: 2, serving: 1, queue: 20, commitMs: 3, publishMs: null });
      await truth.query(`UPDATE samples SET at = at - interval '26 hours' WHERE instance IN ('a', 'b')`);
      await service.app.nest.get(CleanUp).runOnce();
      const { rows } = await truth.query(`SELECT FROM samples WHERE instance IN ('a', 'b')`);
      expect(rows).toEqual([]);
    } finally {
      await truth.end();
    }
  });

  it('the ratio of hits is that of the last minutes', async () => {
    const { recentReads } = await get<{ recentReads: { seconds: number; hits: number; hitRatio: number } }>(
      '/v1/admin/cache',
    );
    expect(recentReads.seconds).toBeLessThanOrEqual(302);
    expect(recentReads.hitRatio).toBeGreaterThan(0);
    expect(recentReads.hitRatio).toBeLessThanOrEqual(1);
  });
});
