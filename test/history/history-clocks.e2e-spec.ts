/** The calendar of one process, months off, decides nothing that others see: the database's clock does. */
import pg from 'pg';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { ApiKeys } from '../../src/store/api-keys.js';
import { poolOf } from '../../src/store/connections.js';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { pointsOf, sumOf } from '../support/history.js';
import { send } from '../support/http.js';
import { scrape } from '../support/scrape.js';
import { withServers } from '../support/service.js';

const DAY_MS = 86_400_000;

/** Of a counter that was 1 six days ago, 2 two hours ago, and is 3 now; and of one that everything was kept of for long. */
const makePast = async (database: pg.Client): Promise<void> => {
  const insert = async (period: string, version: number, age: string) =>
    database.query(
      `INSERT INTO history_${period}s (bucket, name, at, value, version, created_at)
       SELECT bucket, 'past', date_trunc('${period}', now() - interval '${age}'), $1, $1, created_at FROM counters
       WHERE name = 'past'`,
      [version],
    );
  await database.query(
    `UPDATE counters SET value = 3, version = 3, created_at = now() - interval '7 days' WHERE name = 'past'`,
  );
  await database.query('UPDATE history_progress SET unrolled_from = NULL');
  for (const period of ['hour', 'day']) await insert(period, 1, '6 days');
  for (const period of ['minute', 'hour']) await insert(period, 2, '2 hours');
};

describe.each(['+120d', '-120d'])(
  'an instance whose calendar is off by %s, alone and then beside a right one',
  (offset) => {
    const servers = withServers({
      ending: async () => {
        await wrong.stop();
        await FakeClock.sweep(wrong.pid);
        await database.end();
      },
    });
    let database: pg.Client;
    let wrong: AppProcess;
    /** What was put there before the instance began. */
    let past: string[][];

    const rows = async (period: string): Promise<string[]> =>
      (
        await database.query<{ at: string }>(
          `SELECT at::text FROM history_${period}s WHERE name = 'past' AND at < now() - interval '1 hour'`,
        )
      ).rows.map(({ at }) => at);
    const allRows = () => Promise.all(['minute', 'hour', 'day'].map(rows));
    const runsOf = async ({ url }: AppProcess, kind: string): Promise<number> =>
      (await scrape(url)).get('evercount_job_runs_total', { kind, result: 'done' }) ?? 0;

    beforeAll(async () => {
      const first = await startAppProcess(servers.urls);
      await new CounterCalls(first.url).increment('past');
      await first.stop();
      await servers.redis.restart({ empty: true });
      database = new pg.Client(servers.databaseUrl);
      await database.connect();
      await makePast(database);
      past = await allRows();
      const clock = await FakeClock.off(offset);
      wrong = await startAppProcess({ ...servers.urls, env: clock.environment });
    });

    it('removes nothing that is still kept', async () => {
      expect(past.map(({ length }) => length)).toEqual([1, 2, 1]);
      await eventually(async () => (await runsOf(wrong, 'prune-history')) > 0);
      // Yesterday's row may have been rolled up beside them.
      expect(await allRows()).toEqual(past.map((kept) => expect.arrayContaining(kept) as unknown));
    });

    it('tells of the same time as everybody', async () => {
      const calls = new CounterCalls(wrong.url);
      const points = await pointsOf(calls, 'past', 'interval=hour');
      const last = Date.parse(points.at(-1)?.at ?? '');
      expect(Math.abs(last - Date.now())).toBeLessThan(DAY_MS);
      expect([points.at(0)?.value, points.at(-1)?.value, sumOf(points)]).toEqual([1, 3, 2]);
      const { body } = await calls.call<{ data: { name: string; change: number }[] }>(
        'GET',
        '/v1/top?by=change&over=24h',
      );
      expect(body.data).toEqual([expect.objectContaining({ name: 'past', change: 2 })]);
      const { body: written } = await calls.increment('new');
      expect(Math.abs(Date.parse(written.createdAt) - Date.now())).toBeLessThan(DAY_MS);
    });

    it('lets nobody in with a key that has expired, and everybody with one that has not', async () => {
      const pool = poolOf(servers.databaseUrl, 1);
      const keys = new KeyAdministration(new ApiKeys(pool));
      const create = (expiresAt: Date) => keys.create({ label: 'clock', scopes: ['read'], prefix: '', expiresAt });
      const [good, over] = [
        await create(new Date(Date.now() + 30 * DAY_MS)),
        await create(new Date(Date.now() + DAY_MS)),
      ];
      await database.query(`UPDATE api_keys SET expires_at = now() - interval '30 days' WHERE id = $1`, [over.id]);
      await pool.end();
      const clock = await FakeClock.off(offset);
      const env = { ...clock.environment, AUTH: 'required', ADMIN_KEY: 'admin-key-of-the-test' };
      const gated = await startAppProcess({ ...servers.urls, env });
      try {
        const statuses = [good, over].map(async ({ key }) => {
          const { status } = await send(gated.url, 'GET', '/v1/counters/past', {
            headers: { authorization: `Bearer ${key}` },
          });
          return status;
        });
        expect(await Promise.all(statuses)).toEqual([200, 401]);
      } finally {
        await gated.stop();
        await FakeClock.sweep(gated.pid);
      }
    });

    it('leaves a schedule that a right one takes up', async () => {
      await eventually(async () => (await runsOf(wrong, 'derive-history')) > 1);
      await wrong.stop();
      const right = await startAppProcess(servers.urls);
      try {
        for (const kind of ['derive-history', 'roll-up-history', 'clean-up']) {
          await eventually(async () => (await runsOf(right, kind)) > 0, 120_000);
        }
      } finally {
        await right.stop();
      }
    });
  },
);
