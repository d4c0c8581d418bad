/** History tells exactly what was counted, though the service and Postgres are killed while it counts and derives. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { pointsOf, sumOf } from '../support/history.js';
import { withServiceProcess } from '../support/service.js';

const CLIENTS = 24;
const COUNTERS = Array.from({ length: 6 }, (_, index) => `stormy/${index}`);
/** Between two blows there must be time to count; the job that derives runs every few seconds. */
const CALM_MS = 2_500;
const DERIVED_WITHIN_MS = 60_000;
const RETRY_MS = 50;

/**
 * What the job made of batches, piece by piece and between crashes, against what all of them together say: minutes that
 * are only in one of the two. The counter's own row, which makes up for what is not derived, has no part in it.
 */
const DIFFERENT = `
  WITH derived AS (SELECT name, at, value, version FROM history_minutes),
  made AS (
    SELECT DISTINCT ON (name, at) name, at, value, version
    FROM (SELECT name, date_trunc('minute', updated_at) AS at, value, version
          FROM batches, unnest(names, "values", versions, updated_ats) AS change (name, value, version, updated_at)
          WHERE version IS NOT NULL) AS change
    ORDER BY name, at, version DESC
  )
  (TABLE derived EXCEPT TABLE made) UNION ALL (TABLE made EXCEPT TABLE derived)`;

const service = withServiceProcess({ ownPostgres: true });

async function inDatabase<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  return work(client).finally(() => client.end());
}

/** Sends it again, by its key, until it is known what became of it. */
async function count(name: string, by: number): Promise<void> {
  const key = randomUUID();
  for (;;) {
    const reply = await service.calls.increment(name, by, { key }).catch(() => null);
    if (reply?.status === 200) return;
    await sleep(RETRY_MS);
  }
}

/** Whether the job has taken all batches there are into the history. */
const isDerived = () =>
  inDatabase(async (client) => {
    const { rows } = await client.query(
      `SELECT 1 FROM batches, batch_cursors
       WHERE committed_in IS NOT NULL AND NOT pg_visible_in_snapshot(committed_in, seen)`,
    );
    return rows.length === 0;
  });

it('the deltas add up to the value, and to what was acknowledged', async () => {
  const acknowledged = new Map(COUNTERS.map((name) => [name, 0]));
  let ended = false;
  const client = async (index: number): Promise<void> => {
    for (let turn = index; !ended; turn += 1) {
      const name = COUNTERS[turn % COUNTERS.length] ?? '';
      const by = (turn % 9) - 3 || 100;
      await count(name, by);
      acknowledged.set(name, (acknowledged.get(name) ?? 0) + by);
    }
  };
  const blows = [
    // Killed and started again.
    () => service.app.kill(),
    // Postgres alone: the service goes on by itself.
    () => service.postgres.kill(),
    () => service.app.stop(),
    () => Promise.all([service.app.kill(), service.postgres.kill()]),
  ];
  const clients = Array.from({ length: CLIENTS }, (_, index) => client(index));
  for (const [turn, blow] of blows.entries()) {
    await sleep(CALM_MS);
    await blow();
    if (turn % 2 === 1) await service.postgres.restart();
    if (turn !== 1) await service.startAgain();
  }
  await sleep(CALM_MS);
  ended = true;
  await Promise.all(clients);

  const { calls } = service;
  const expectExact = async () => {
    for (const [name, sum] of acknowledged) {
      const { value } = (await calls.read(name, '?consistency=strong')).body;
      for (const interval of ['minute', 'hour', 'day']) {
        const points = await pointsOf(calls, name, `interval=${interval}`);
        expect([name, interval, value, sumOf(points), points.at(-1)?.value]).toEqual([name, interval, sum, sum, sum]);
      }
    }
  };
  await expectExact();
  await eventually(isDerived, DERIVED_WITHIN_MS);
  await expectExact();
  const { rows } = await inDatabase((client) => client.query(DIFFERENT));
  expect(rows).toEqual([]);
});
