/** The pair of servers that failovers are tested with: what is committed on one can be had on the other. */
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { TestServer } from '../support/servers.js';
import { type PrimaryWithStandby, startPrimaryWithStandby } from '../support/standby.js';

let pair: PrimaryWithStandby;

beforeAll(async () => {
  pair = await startPrimaryWithStandby({ synchronous: true });
});

afterAll(() => pair.stop());

const rowsOf = async ({ url }: Pick<TestServer, 'url'>, text: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

it('replicates; a commit waits for the standby; promoted, the standby has all and takes writes', async () => {
  const { primary, standby } = pair;
  await rowsOf(primary, 'CREATE TABLE kept (n int)');
  await rowsOf(primary, 'INSERT INTO kept VALUES (1)');
  await pair.caughtUp();
  expect(await rowsOf(standby, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);

  await standby.freeze();
  let waited = true;
  const waiting = rowsOf(primary, 'INSERT INTO kept VALUES (2)').then(() => (waited = false));
  await eventually(async () => {
    const found = await rowsOf(primary, `SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
    return found.length === 1;
  });
  expect(waited).toBe(true);
  await standby.thaw();
  await waiting;

  await primary.kill();
  await standby.promote();
  await rowsOf(standby, 'INSERT INTO kept VALUES (3)');
  expect(await rowsOf(standby, 'SELECT n FROM kept ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});
