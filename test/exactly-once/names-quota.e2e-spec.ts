/** A key brings a bounded number of names into being, and what is there goes on counting. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { startApp } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const NAMES_PER_KEY = 5;

interface Problem {
  readonly code: string;
  readonly type: string;
  readonly errors?: readonly { readonly pointer: string }[];
}
interface Results {
  readonly results: readonly { readonly status: number; readonly problem?: Problem }[];
}

const service = withService({
  inside: true,
  env: { AUTH: 'required', ADMIN_KEY, NAMES_PER_KEY: String(NAMES_PER_KEY), RATE_LIMIT: 'off' },
  two: true,
  ending: () => database.end(),
});
let database: pg.Client;

beforeAll(async () => {
  database = new pg.Client(service.databaseUrl);
  await database.connect();
});

const makeKey = async (maxNames: number | null = null) =>
  service.app.nest
    .get(KeyAdministration)
    .create({ label: 'bounded', scopes: ['read', 'write'], prefix: '', expiresAt: null, maxNames });

const callsWith = (key: string, at = service.app) => {
  const calls = new CounterCalls(at.url);
  const headers = { authorization: `Bearer ${key}` };
  return {
    increment: async (name: string) => (await calls.increment(name, 1, { headers })).status,
    set: (name: string, key?: string) =>
      calls.set(name, { value: 1 }, { headers, ...(key === undefined ? {} : { key }) }),
    delete: async (name: string) => (await calls.delete(name, { headers })).status,
    read: async (name: string) => (await calls.call('GET', `/v1/counters/${name}`, undefined, { headers })).status,
    batch: (names: readonly string[], atomic = false) =>
      calls.batch<Results & Problem>({ increments: names.map((name) => ({ name })), atomic }, { headers }),
  };
};

const namesOf = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

const namesCreated = async (id: string): Promise<number> => {
  const { rows } = await database.query<{ names: number }>(
    'SELECT coalesce(sum(names), 0)::int AS names FROM names_created WHERE key_id = $1',
    [id],
  );
  return rows[0]?.names ?? 0;
};

it('past its quota a key is refused new names alone, and told why', async () => {
  const { id, key } = await makeKey();
  const calls = callsWith(key);
  for (const name of namesOf('mine:', NAMES_PER_KEY)) expect(await calls.increment(name)).toBe(200);
  expect(await namesCreated(id)).toBe(NAMES_PER_KEY);
  expect(await calls.increment('mine:new')).toBe(403);
  const refused = await calls.set('mine:new');
  expect(refused).toMatchObject({ status: 403, body: { code: 'quota_exceeded', type: '/problems/quota_exceeded' } });
  expect((await send(service.app.url, 'GET', '/problems/quota_exceeded')).status).toBe(200);
  expect(await calls.read('mine:new')).toBe(404);

  // What is there goes on counting, whoever brought it into being.
  expect(await callsWith(ADMIN_KEY).increment('theirs')).toBe(200);
  for (const name of ['mine:0', 'theirs', 'mine:0']) expect(await calls.increment(name)).toBe(200);
  expect((await calls.set('theirs')).status).toBe(200);

  // A deleted name is counted, and not counted again.
  expect(await calls.delete('mine:1')).toBe(204);
  expect(await calls.increment('mine:new')).toBe(403);
  expect(await calls.increment('mine:1')).toBe(200);
  expect(await namesCreated(id)).toBe(NAMES_PER_KEY);
});

describe('a batch', () => {
  it('takes as many new names as there is room for, in their order', async () => {
    const { id, key } = await makeKey(3);
    const calls = callsWith(key);
    const names = namesOf('batch:', 5);
    const statuses = async (asked: readonly string[]) =>
      (await calls.batch(asked)).body.results.map(({ status }) => status);
    expect(await statuses(names)).toEqual([200, 200, 200, 403, 403]);
    expect(await statuses([...names].reverse())).toEqual([403, 403, 200, 200, 200]);
    expect(await namesCreated(id)).toBe(3);
  });

  it('of all or nothing changes nothing where there is not room for all', async () => {
    const { id, key } = await makeKey(2);
    const calls = callsWith(key);
    const names = namesOf('all:', 3);
    const { status, body } = await calls.batch(names, true);
    expect({ status, ...body }).toMatchObject({
      status: 403,
      code: 'quota_exceeded',
      errors: [{ pointer: '/increments/2' }],
    });
    expect(await Promise.all(names.map((name) => calls.read(name)))).toEqual([404, 404, 404]);
    expect((await calls.batch(names.slice(1), true)).status).toBe(200);
    expect(await namesCreated(id)).toBe(2);
  });
});

it('a refusal is not kept by an idempotency key: the quota may be raised', async () => {
  const { id, key } = await makeKey(0);
  const calls = callsWith(key);
  expect((await calls.set('raised', 'one')).status).toBe(403);
  await database.query('UPDATE api_keys SET max_names = 1 WHERE id = $1', [id]);
  await eventually(async () => {
    const { status, headers } = await calls.set('raised', 'one');
    return status === 201 && headers.get('idempotent-replayed') === null;
  });
  expect((await calls.set('raised', 'one')).headers.get('idempotent-replayed')).toBe('true');
  expect(await namesCreated(id)).toBe(1);
});

it('what all instances create is counted, once for each name', async () => {
  const { id, key } = await makeKey(1_000);
  const [here, there] = [callsWith(key), callsWith(key, service.other)];
  const names = namesOf('many:', 200);
  // Both create the same names at the same time, one by one and in batches.
  await Promise.all([
    here.batch(names.slice(0, 100)),
    there.batch(names.slice(50)),
    ...names.slice(60, 90).map((name) => here.set(name)),
    ...names.slice(180).map((name) => there.increment(name)),
  ]);
  expect(await namesCreated(id)).toBe(200);
  await Promise.all([here.batch(names), there.batch(names)]);
  expect(await namesCreated(id)).toBe(200);
});

it('what one instance created another one knows within seconds', async () => {
  const { id, key } = await makeKey(20);
  const [here, there] = [callsWith(key), callsWith(key, service.other)];
  expect(await there.increment('known:there')).toBe(200);
  await here.batch(namesOf('known:', 19));
  let tries = 0;
  await eventually(async () => (await there.increment(`known:there:${(tries += 1)}`)) === 403);
  // What it let in before it knew is counted too.
  expect(await namesCreated(id)).toBe(20 + tries - 1);
  expect(await here.increment('known:too')).toBe(403);
});

it('without keys there is nobody whose names could be counted', async () => {
  const open = await startApp({ ...service.urls, env: { NAMES_PER_KEY: '0' } });
  try {
    expect((await new CounterCalls(open.url).increment('open')).status).toBe(200);
  } finally {
    await open.stop();
  }
});
