/** A commit that did not wait for its standby is known as one in whatever language Postgres says so. */
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { startApp, type TestApp } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withRedis } from '../support/service.js';
import { type PrimaryWithStandby, startPrimaryWithStandby } from '../support/standby.js';

const servers = withRedis({
  ending: async () => {
    await byHand.end();
    await app.stop();
    await pair.stop();
  },
});
let pair: PrimaryWithStandby;
let app: TestApp;
let byHand: pg.Client;

beforeAll(async () => {
  pair = await startPrimaryWithStandby({ synchronous: true, language: 'de' });
  app = await startApp({ databaseUrl: pair.primary.url, redisUrl: servers.redis.url });
  byHand = new pg.Client({ connectionString: pair.primary.url });
  await byHand.connect();
});

it('an increment whose wait for the standby is cancelled in German is no success', async () => {
  const said = await byHand.query('SELECT unbekannt').then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );
  if (!said.includes('Spalte')) {
    console.warn('This Postgres has no catalog of German; nothing was tested.');
    return;
  }
  const calls = new CounterCalls(app.url);
  await eventually(async () => (await calls.increment('before')).status === 200);
  await pair.standby.freeze();
  const writing = calls.increment('counted');
  const cancelled = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE wait_event = 'SyncRep' AND relation = 'counters'::regclass`;
  await eventually(async () => ((await byHand.query(cancelled)).rowCount ?? 0) > 0);
  const { status, body } = await writing;
  expect([status, (body as unknown as { code: string }).code]).toEqual([503, 'outcome_unknown']);
  await pair.standby.thaw();
  await eventually(async () => (await calls.read('counted', '?consistency=strong')).body.value === 1);
});
