/** Whatever is sent: never a fault of the service, never a leak, never a count that was not asked for. */
import { randomInt } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { ANYBODY, type Caller, callersWith } from '../fuzz/callers.js';
import { Fuzzer } from '../fuzz/fuzzer.js';
import { startApp, type TestApp } from '../support/app.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const REQUESTS = 3_000;

const ADMIN_KEY = 'an-operators-own-key-0123456789';

const servers = withRedis();

async function fuzz(
  env: Readonly<Record<string, string>>,
  callersOf: (app: TestApp) => Promise<[Caller, ...Caller[]]>,
) {
  const app = await startApp({
    databaseUrl: await createTestDatabase(),
    redisUrl: servers.redis.url,
    env,
    inside: true,
  });
  try {
    const seed = randomInt(2 ** 31 - REQUESTS);
    const report = await new Fuzzer(app.url, await callersOf(app)).run(REQUESTS, seed);
    // The seed stands in the failure: `npm run fuzz -- --seed …` repeats it.
    expect({ seed, faults: report.faults }).toEqual({ seed, faults: [] });
    // On a machine that is far too busy Postgres may be late; that answer is documented, and looked at above.
    const logged = app.log.filter((line) => /"level":"(error|fatal)"/.test(line));
    expect(logged.filter((line) => !line.includes('"code":"unavailable"'))).toEqual([]);
    return report.statuses;
  } finally {
    await app.stop();
  }
}

it('every answer is in order, and nothing is counted that was refused', async () => {
  const statuses = await fuzz({}, () => Promise.resolve([ANYBODY]));
  expect(statuses[200]).toBeGreaterThan(REQUESTS / 10);
  expect(statuses[400]).toBeGreaterThan(REQUESTS / 10);
});

it('with keys too, and nobody gets or changes what is not theirs', async () => {
  const statuses = await fuzz({ AUTH: 'required', ADMIN_KEY, RATE_LIMIT: 'off' }, (app) =>
    callersWith(ADMIN_KEY, app.nest.get(KeyAdministration)),
  );
  expect(statuses[200]).toBeGreaterThan(REQUESTS / 20);
  expect(statuses[401]).toBeGreaterThan(REQUESTS / 20);
  expect(statuses[403]).toBeGreaterThan(REQUESTS / 20);
});
