/** Whatever is sent: never a fault of the service, never a leak, never a count that was not asked for. */
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Fuzzer } from './fuzz/fuzzer.js';
import { startApp, type TestApp } from './support/app.js';
import { startRedis, type TestRedis } from './support/servers.js';
import { createTestDatabase } from './support/shared-postgres.js';

jest.setTimeout(120_000);

const REQUESTS = 3_000;

let redis: TestRedis;
let app: TestApp;

beforeAll(async () => {
  redis = await startRedis();
  app = await startApp({ databaseUrl: await createTestDatabase(), redisUrl: redis.url });
});
afterAll(async () => {
  await app.stop();
  await redis.stop();
});

it('every answer is in order, and nothing is counted that was refused', async () => {
  const seed = randomInt(2 ** 31 - REQUESTS);
  const report = await new Fuzzer(app.url).run(REQUESTS, seed);
  // The seed stands in the failure: `npm run fuzz -- --seed …` repeats it.
  expect({ seed, faults: report.faults }).toEqual({ seed, faults: [] });
  expect(report.statuses[200]).toBeGreaterThan(REQUESTS / 10);
  expect(report.statuses[400]).toBeGreaterThan(REQUESTS / 10);
  expect(app.log.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
});
