import { beforeAll, describe, expect, it } from '@jest/globals';
import { EventSource } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { scrape, type Scrape } from '../support/scrape.js';
import { withService } from '../support/service.js';

const service = withService({ ownPostgres: true });

beforeAll(async () => {
  await eventually(async () => (await scrape(service.app.url)).get('evercount_cache_permission') === 1);
});

/** What an action adds to a number. */
async function added(
  action: () => Promise<unknown>,
): Promise<(name: string, labels?: Record<string, string>) => number> {
  const before = await scrape(service.app.url);
  await action();
  const after = await scrape(service.app.url);
  return (name, labels) => (after.get(name, labels) ?? 0) - (before.get(name, labels) ?? 0);
}

describe('the metrics', () => {
  it('count what was written, replayed and refused', async () => {
    const difference = await added(async () => {
      for (let round = 0; round < 5; round += 1) await service.calls.increment('w');
      await service.calls.increment('w', 1, { key: 'same' });
      await service.calls.increment('w', 1, { key: 'same' });
      await service.calls.set('bounded', { value: 1, max: 1 });
      expect((await service.calls.increment('bounded')).status).toBe(409);
      await service.calls.reset('bounded');
      await service.calls.delete('bounded');
      expect((await service.calls.delete('bounded')).status).toBe(404);
      const increments = Array.from({ length: 50 }, (_, index) => ({ name: `w${index % 10}` }));
      expect((await send(service.app.url, 'POST', '/v1/increments', { json: { increments } })).status).toBe(200);
    });
    expect(difference('evercount_increments_total')).toBe(56);
    for (const operation of ['set', 'reset', 'delete'])
      expect(difference('evercount_writes_total', { operation })).toBe(1);
    expect(difference('evercount_write_replays_total')).toBe(1);
    expect(difference('evercount_write_refusals_total', { code: 'out_of_bounds' })).toBe(1);
    expect(difference('evercount_write_refusals_total', { code: 'not_found' })).toBe(1);
    expect(difference('evercount_batch_writes_sum', { lane: 'increments' })).toBeGreaterThanOrEqual(56);
    expect(difference('evercount_commit_duration_seconds_count', { lane: 'decisions' })).toBeGreaterThanOrEqual(4);
    expect(difference('evercount_publish_duration_seconds_count')).toBeGreaterThanOrEqual(10);
    expect(
      difference('evercount_http_request_duration_seconds_count', {
        route: '/v1/counters/:name/increment',
        status: '2xx',
      }),
    ).toBe(7);
    expect(
      difference('evercount_http_request_duration_seconds_count', {
        route: '/v1/counters/:name/increment',
        status: '4xx',
      }),
    ).toBe(1);
    expect((await scrape(service.app.url)).get('evercount_write_queue_length')).toBe(0);
  });

  it('count what was read, by where it came from', async () => {
    await service.calls.increment('r');
    await service.calls.read('r');
    const told: string[] = [];
    const read = async (name: string, query = '') => {
      const { headers } = await service.calls.read(name, query);
      told.push(/hit|miss|bypass/.exec(headers.get('cache-status') ?? '')?.[0] ?? 'nothing');
    };
    const difference = await added(async () => {
      await read('r');
      await read('r');
      await read('r', '?consistency=strong');
      await read('never');
      await send(service.app.url, 'POST', '/v1/reads', { json: { names: ['r', 'never:2'] } });
    });
    const results = ['hit', 'unverified', 'miss', 'bypass'];
    const counted = results.map((result) => difference('evercount_cache_requests_total', { result }));
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(6);
    // What two names of a batch came from is not told; on a slow machine Redis may be passed by.
    expect(told[2]).toBe('bypass');
    for (const result of ['hit', 'miss', 'bypass']) {
      const own = told.filter((one) => one === result).length;
      expect(difference('evercount_cache_requests_total', { result })).toBeGreaterThanOrEqual(own);
    }
    const labels = { method: 'GET', route: '/v1/counters/:name' };
    expect(difference('evercount_http_request_duration_seconds_count', { ...labels, status: '2xx' })).toBe(3);
    expect(difference('evercount_http_request_duration_seconds_count', { ...labels, status: '4xx' })).toBe(1);
  });

  it('count requests that no route took together, whatever they ask for', async () => {
    const difference = await added(async () => {
      await send(service.app.url, 'GET', '/nothing/here');
      await send(service.app.url, 'PATCH', '/v1/counters/a');
    });
    expect(difference('evercount_http_request_duration_seconds_count', { route: 'unmatched', status: '4xx' })).toBe(2);
  });

  it('tell of streams, jobs, the process and the release', async () => {
    const source = await (await EventSource.open(service.app.url, 'name=s')).untilSnapshot();
    const open = await scrape(service.app.url);
    expect(open.get('evercount_streams_open')).toBe(1);
    source.close();
    await eventually(async () => (await scrape(service.app.url)).get('evercount_streams_open') === 0);

    await service.calls.increment('r');
    await send(service.app.url, 'POST', '/v1/admin/cache/reconcile');
    await eventually(async () => {
      const now = await scrape(service.app.url);
      const runs = now.get('evercount_job_runs_total', { kind: 'reconcile', result: 'done' }) ?? 0;
      return runs > 0 && (now.get('evercount_reconcile_compared_total') ?? 0) > 0;
    });
    const now = await scrape(service.app.url);
    const lastMs = (now.get('evercount_reconcile_last_complete_timestamp_seconds') ?? 0) * 1_000;
    expect(Math.abs(Date.now() - lastMs)).toBeLessThan(60_000);
    expect(now.get('evercount_drift_total', { kind: 'wrong' })).toBe(0);
    expect(now.get('evercount_job_queue_up')).toBe(1);
    expect(now.get('evercount_pool_connections', { pool: 'commits', state: 'idle' })).toBe(1);
    expect(now.get('evercount_build_info')).toBe(1);
    expect(now.get('evercount_guard_state', { state: 'serving' })).toBe(1);
    for (const name of [
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
      'process_cpu_seconds_total',
    ]) {
      expect(now.get(name)).toBeGreaterThanOrEqual(0);
    }
  });

  it('have rising buckets that add up, and never a name of a counter', async () => {
    const name = 'secret-7f3a"\\';
    await service.calls.increment(name);
    await service.calls.read(name);
    await send(service.app.url, 'GET', '/secret-7f3a');
    const now = await scrape(service.app.url);
    expect(now.text).not.toContain('7f3a');
    expectWholeHistograms(now);
  });

  it('are there while Redis is away, and while Postgres is, and say so', async () => {
    await service.redis.kill();
    await eventually(async () => (await scrape(service.app.url)).get('evercount_cache_permission') === 0);
    await eventually(async () => (await scrape(service.app.url)).get('evercount_job_queue_up') === 0);
    const before = (await scrape(service.app.url)).get('evercount_cache_blind_seconds_total') ?? 0;
    await eventually(
      async () => ((await scrape(service.app.url)).get('evercount_cache_blind_seconds_total') ?? 0) > before,
    );
    const away = await scrape(service.app.url);
    expect(away.get('evercount_redis_up')).toBe(0);
    expect(away.get('evercount_guard_state', { state: 'serving' })).toBe(0);

    await service.postgres.kill();
    await eventually(async () => (await scrape(service.app.url)).get('evercount_postgres_up') === 0);
    expect((await service.calls.increment('w')).status).toBe(503);
    expect(
      (await scrape(service.app.url)).get('evercount_write_failures_total', { code: 'unavailable' }),
    ).toBeGreaterThan(0);
    await Promise.all([service.postgres.restart(), service.redis.restart()]);
    await eventually(async () => (await scrape(service.app.url)).get('evercount_cache_permission') === 1);
  });
});

function expectWholeHistograms({ types, samples }: Scrape): void {
  const families = [...types].filter(([name, type]) => type === 'histogram' && name.startsWith('evercount_'));
  expect(families.length).toBeGreaterThan(3);
  for (const [family] of families) {
    const series = new Map<string, { counts: number[]; last: string }>();
    for (const { name, labels, value } of samples) {
      if (name !== `${family}_bucket`) continue;
      const { le = '', ...others } = labels;
      const key = JSON.stringify(others);
      const one = series.get(key) ?? { counts: [], last: '' };
      series.set(key, { counts: [...one.counts, value], last: le });
    }
    for (const [key, { counts, last }] of series) {
      expect(last).toBe('+Inf');
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      const labels = JSON.parse(key) as Record<string, string>;
      const total = samples.find(
        (sample) => sample.name === `${family}_count` && JSON.stringify(sample.labels) === JSON.stringify(labels),
      );
      expect(total?.value).toBe(counts.at(-1));
    }
  }
}
