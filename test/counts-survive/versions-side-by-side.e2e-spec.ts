/** Two releases on one database, as while instances are replaced one by one: both count, and each sees what the other did. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { pointsOf, sumOf } from '../support/history.js';
import { withService } from '../support/service.js';
import { INCREMENT, INCREMENT_WITH_KEYS, READ } from './previous-release.js';

const TURNS = 100;

/** The release before knows of no buckets. */
const service = withService({ env: { BUCKETS: '' }, ending: () => before.end() });
let before: pg.Pool;

beforeAll(() => {
  before = new pg.Pool({ connectionString: service.databaseUrl, max: 4 });
});

const valuesOf = (name: string): unknown[] => [randomUUID(), name, '{1}', '{1}', null, null, null, 0];

/** An increment by an instance of the release before. */
const incrementBefore = (name: string): Promise<unknown> => before.query(INCREMENT, valuesOf(name));

/** What it reads. */
async function readBefore(name: string): Promise<Record<string, unknown> | undefined> {
  const { rows } = await before.query<Record<string, unknown>>(READ, [[name]]);
  return rows[0];
}

it('each counts what it is asked to, whoever brought the counter into being', async () => {
  const names = ['one', 'two', 'three'];
  await Promise.all(
    Array.from({ length: TURNS }, async (_, turn) => {
      const name = names[turn % names.length] ?? '';
      const [reply] = await Promise.all([service.calls.increment(name), incrementBefore(name)]);
      expect(reply.status).toBe(200);
    }),
  );
  let sum = 0;
  for (const name of names) {
    const { value, version } = (await service.calls.read(name, '?consistency=strong')).body;
    expect(version).toBe(value);
    const row = await readBefore(name);
    expect([Number(row?.['value']), Number(row?.['version'])]).toEqual([value, version]);
    sum += value;
  }
  expect(sum).toBe(2 * TURNS);
});

it('what one deletes, the other begins anew, at the next version', async () => {
  await service.calls.increment('gone', 5);
  await service.calls.delete('gone');
  await incrementBefore('gone');
  expect((await service.calls.read('gone', '?consistency=strong')).body).toMatchObject({ value: 1, version: 3 });
});

it('a key that one has used is used for the other', async () => {
  const key = randomUUID();
  const more = ['{""}', key, `{${randomUUID()}}`, 'keyed', '{0}', '{0}', 24];
  await before.query(INCREMENT_WITH_KEYS, [...valuesOf('keyed'), ...more]);
  const { body } = await service.calls.increment('keyed', 1, { key });
  // It stands for another request there: nothing is counted.
  expect((body as unknown as { code: string }).code).toBe('idempotency_key_reused');
  expect((await service.calls.read('keyed', '?consistency=strong')).body.value).toBe(1);
});

it('what both have counted is in the history', async () => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.all([service.calls.increment('told'), incrementBefore('told')]);
  await eventually(async () => sumOf(await pointsOf(service.calls, 'told', 'interval=minute')) === 10);
});
