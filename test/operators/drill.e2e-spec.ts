/** The operator's flush drill: harmless to real counters, and it sees what is wrong. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Drill, type DrillOptions, type DrillReport } from '../../src/counters/drill/drill.js';
import { DrilledOverHttp } from '../../src/cli/drilled-over-http.js';
import { ServiceCalls } from '../../src/cli/service-calls.js';
import { runCli } from '../support/cli.js';
import { withService } from '../support/service.js';
import { freePort } from '../../src/embedded/free-port.js';

const COUNTERS = 150;
const OPTIONS: DrillOptions = { sample: 100, phaseMs: 500, waitForFlush: false };
let hand: Redis;

const service = withService({
  ending: () => {
    hand.disconnect();
  },
});

beforeAll(async () => {
  hand = new Redis(service.redis.url);
  const increments = Array.from({ length: COUNTERS }, (_, index) => ({ name: `real/${index}`, by: index + 1 }));
  expect((await service.calls.batch({ increments })).status).toBe(200);
});

const everyCounter = async (): Promise<string> => (await service.calls.call('GET', '/v1/counters?limit=1000')).text;

const drill = (options: Partial<DrillOptions>, say: (line: string) => void): Promise<DrillReport> =>
  new Drill(new DrilledOverHttp(new ServiceCalls(`${service.app.url}/`, null)), { ...OPTIONS, ...options }, say).run();

describe('a drill', () => {
  it('flushes, finds nothing wrong, tells how long it took, and leaves every counter as it was', async () => {
    const before = await everyCounter();
    const report = await drill({}, () => undefined);
    expect(report).toMatchObject({ passed: true, compared: OPTIONS.sample, wrong: [] });
    expect(report.removed).toBeGreaterThanOrEqual(OPTIONS.sample);
    expect(report.warmAfterMs).toBeGreaterThan(0);
    expect(report.increments).toBeGreaterThan(0);
    for (const { reads, p50Ms, p99Ms } of [report.before, report.after]) {
      expect(reads).toBeGreaterThan(0);
      expect(p99Ms).toBeGreaterThanOrEqual(p50Ms ?? Infinity);
    }
    expect(report.peakPostgresReads).toBeGreaterThan(0);
    expect(await everyCounter()).toBe(before);
  });

  it('waits for the operator to flush, where it is told to', async () => {
    const report = await drill({ waitForFlush: true }, (line) => {
      if (line.startsWith('flush Redis now')) void hand.flushall();
    });
    expect(report).toMatchObject({ passed: true, removed: null, wrong: [] });
  });

  it('names a counter that the cache shows wrong', async () => {
    const tamper = async (): Promise<void> => {
      const entry = (await hand.get('ec:real/1')) ?? '';
      await hand.set('ec:real/1', entry.replace('"value":2', '"value":3'));
    };
    const report = await drill({}, (line) => {
      if (line.startsWith('warm after')) void tamper();
    });
    expect(report).toMatchObject({ passed: false, wrong: ['real/1 is read as 3, and is 2'] });
    await hand.del('ec:real/1');
  });
});

describe('the command', () => {
  const run = async (...args: string[]) => runCli(['drill', ...args]);

  it('prints a verdict and ends with 0', async () => {
    const { code, out } = await run('--url', service.app.url, '--seconds', '1', '--sample', '10');
    expect(out).toContain('verdict: passed');
    expect(code).toBe(0);
  });

  it('says what is wrong with its arguments, or with the deployment', async () => {
    const wrong = await run('--sample', 'many');
    expect(wrong).toMatchObject({ code: 64, err: expect.stringContaining('It takes a whole number above 0.') });
    expect((await run('--smaple', '1')).code).toBe(64);
    const nobody = `http://127.0.0.1:${await freePort()}`;
    expect(await run('--url', nobody)).toMatchObject({
      code: 69,
      err: expect.stringContaining(`${nobody} did not answer`),
    });
  });
});
