/** Whatever the server, the database, the role or the URL says about sessions, those of the service are as it needs them. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { poolOf } from '../../src/store/connections.js';
import { IncrementBatches } from '../../src/store/increment-batches.js';
import { Replication } from '../../src/store/replication.js';
import { Writability } from '../../src/store/writability.js';
import { startApp, type TestApp } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const servers = withRedis();

const beside = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** Settings under which times, arrays, text or limits of a session would be others. */
const SETTINGS = {
  DateStyle: 'German',
  IntervalStyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  client_min_messages: 'error',
  default_transaction_isolation: 'serializable',
  jit: 'on',
  plan_cache_mode: 'force_custom_plan',
  statement_timeout: '0',
  lock_timeout: '1',
  idle_in_transaction_session_timeout: '0',
};

/** A new database whose sessions are set by itself, and one whose URL sets them. */
const ways: readonly [string, string, (zone: string) => Promise<string>][] = [
  [
    'the database',
    '4MB',
    async (zone) => {
      const url = await createTestDatabase();
      const name = new URL(url).pathname.slice(1);
      await beside(url, async (client) => {
        for (const [setting, value] of Object.entries({ ...SETTINGS, TimeZone: zone })) {
          await client.query(`ALTER DATABASE ${name} SET ${setting} = '${value}'`);
        }
      });
      return url;
    },
  ],
  [
    'the URL',
    '1234kB',
    async (zone) => {
      const settings = Object.entries({ ...SETTINGS, TimeZone: zone }).map(([name, value]) => `-c ${name}=${value}`);
      const parameters = {
        options: [...settings, '-c work_mem=1234kB'].join(' '),
        statement_timeout: '5',
        binary: 'true',
        query_timeout: '1',
      };
      return `${await createTestDatabase()}?${new URLSearchParams(parameters).toString()}`;
    },
  ],
];

describe.each(ways)('where %s sets other sessions', (_, workMem, urlIn) => {
  describe.each(['Europe/Berlin', 'America/St_Johns'])('in %s', (zone) => {
    let databaseUrl: string;
    let app: TestApp;
    let calls: CounterCalls;
    const beganAt = Date.now();

    beforeAll(async () => {
      databaseUrl = await urlIn(zone);
      app = await startApp({
        databaseUrl,
        redisUrl: servers.redis.url,
        env: { AUTH: 'required', ADMIN_KEY: 'a'.repeat(32) },
      });
      calls = new CounterCalls(app.url);
    });
    afterAll(() => app.stop());

    const headers = { authorization: `Bearer ${'a'.repeat(32)}` };
    const isNow = (text: string): boolean =>
      text.endsWith('Z') && Date.parse(text) >= beganAt - 1 && Date.parse(text) <= Date.now() + 1;

    it('times are answered and stored in UTC, whoever asks and however', async () => {
      for (let turn = 0; turn < 30; turn += 1) {
        const set = await calls.set(`set ${turn}`, { value: turn }, { headers, key: `set ${turn}` });
        expect([set.status, isNow(set.body.createdAt)]).toEqual([201, true]);
        const again = await calls.set(`set ${turn}`, { value: turn }, { headers, key: `set ${turn}` });
        expect(again.text).toBe(set.text);
      }
      const increment = await calls.increment('up', 1, { headers, key: 'up' });
      expect([increment.status, isNow(increment.body.createdAt)]).toEqual([200, true]);
      expect((await calls.increment('up', 1, { headers, key: 'up' })).text).toBe(increment.text);
      const strong = await calls.call('GET', '/v1/counters/up?consistency=strong', undefined, { headers });
      expect(strong.body).toEqual(increment.body);
      const list = await calls.call<{ data: unknown[] }>('GET', '/v1/counters?prefix=up', undefined, { headers });
      expect(list.body.data).toEqual([increment.body]);
      const { rows } = await beside(databaseUrl.split('?')[0] ?? '', (client) =>
        client.query<{ ms: string }>(
          `SELECT floor(extract(epoch FROM created_at) * 1000)::bigint AS ms FROM counters WHERE name = 'up'`,
        ),
      );
      expect(Number(rows[0]?.ms)).toBe(Date.parse(increment.body.createdAt));
    });

    it('the history begins at the hours and days of UTC, and rankings say when they were made', async () => {
      const minute = Math.floor(Date.now() / 60_000) * 60_000;
      await calls.increment('told', 3, { headers });
      await eventually(async () => {
        const { body } = await calls.call<{ data: { at: string; delta: number }[] }>(
          'GET',
          '/v1/counters/told/history?interval=day',
          undefined,
          { headers },
        );
        return body.data.some(({ at, delta }) => at.endsWith('T00:00:00.000Z') && delta === 3);
      });
      const { body } = await calls.call<{ asOf: string }>('GET', '/v1/summary?prefix=told', undefined, { headers });
      expect(Date.parse(body.asOf)).toBeGreaterThanOrEqual(minute);
      expect(isNow(body.asOf)).toBe(true);
    });

    it('every session has the limits of the service, and what else the URL asks for', async () => {
      const pool = poolOf(databaseUrl, 1);
      const { rows } = await pool.query<Record<string, string>>(
        `SELECT current_setting('transaction_isolation') AS isolation, current_setting('jit') AS jit,
                current_setting('TimeZone') AS zone, current_setting('statement_timeout') AS statement,
                current_setting('lock_timeout') AS lock,
                current_setting('idle_in_transaction_session_timeout') AS idle,
                current_setting('client_min_messages') AS messages, current_setting('work_mem') AS work_mem`,
      );
      await pool.end();
      expect(rows).toEqual([
        {
          isolation: 'read committed',
          jit: 'off',
          zone: 'UTC',
          statement: '1400ms',
          lock: '1200ms',
          idle: '1s',
          messages: 'warning',
          work_mem: workMem,
        },
      ]);
    });

    it('a batch is planned once in a session, however many come', async () => {
      const pool = poolOf(databaseUrl, 1);
      const batches = new IncrementBatches(pool, new Replication(pool), new Writability(pool));
      const total = { name: 'hot', creator: null, sum: 1, count: 1, highest: 1, lowest: 0, expiry: undefined };
      for (let batch = 0; batch < 10; batch += 1) {
        await batches.apply(
          { id: randomUUID(), bucket: 0, totals: [total], barred: new Set(), keys: [], keyTtlHours: 24 },
          false,
        );
      }
      const { rows } = await pool.query(
        'SELECT generic_plans::int AS by_the_kept_plan, custom_plans::int AS planned_anew FROM pg_prepared_statements',
      );
      await pool.end();
      expect(rows).toEqual([{ by_the_kept_plan: 10, planned_anew: 0 }]);
    });
  });
});
