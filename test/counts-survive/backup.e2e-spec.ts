/** A database that was brought back to an older state is never hidden by a newer cache. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startApp, type TestApp } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withServers } from '../support/service.js';

const NAMES = ['a', 'b', 'ü/🚀', 'deleted later', 'deleted before'];
const run = promisify(execFile);

const servers = withServers({ ownPostgres: true, ending: () => hand.disconnect() });
let hand: Redis;
let url: string;
let app: TestApp;
let database = 0;

beforeAll(() => {
  hand = new Redis(servers.redis.url);
});

beforeEach(async () => {
  database += 1;
  url = await servers.postgres.createDatabase(`kept_${database}`);
  app = await startApp({ databaseUrl: url, redisUrl: servers.redis.url });
});
afterEach(() => app.stop());

const name = (path: string): string => new URL(path).pathname.slice(1);

async function asAdmin(...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: servers.postgres.url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** As an operator does it, where the programs are; a fresh machine may have the server alone. */
const hasPrograms = ['pg_dump', 'pg_restore'].every(
  (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0,
);

interface Backup {
  restoreTo(target: string): Promise<void>;
}

async function backUp(source: string): Promise<Backup> {
  const folder = `/tmp/evercount-backup-${process.pid}-${database}`;
  if (hasPrograms && servers.postgres.url.includes('127.0.0.1')) {
    try {
      await run('pg_dump', ['--format=custom', `--file=${folder}`, source]);
      return {
        restoreTo: async (target) => {
          await run('pg_restore', ['--clean', '--if-exists', '--exit-on-error', `--dbname=${target}`, folder]);
          await run('rm', ['-f', folder]);
        },
      };
    } catch (error) {
      // Programs of an older version than the server refuse to dump it.
      if (!String(error).includes('version mismatch')) throw error;
    }
  }
  const copy = `${name(source)}_copy`;
  await asAdmin(...endedConnectionsTo(source), `CREATE DATABASE ${copy} TEMPLATE ${name(source)}`);
  return {
    restoreTo: (target) =>
      asAdmin(
        ...endedConnectionsTo(target),
        `DROP DATABASE ${name(target)} WITH (FORCE)`,
        `CREATE DATABASE ${name(target)} TEMPLATE ${copy}`,
      ),
  };
}

/** A template must have no connections, and a service comes back at once. */
function endedConnectionsTo(target: string): string[] {
  return [`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name(target)}'`];
}

async function values(calls: CounterCalls, query = ''): Promise<(number | null)[]> {
  const replies = [];
  for (const counter of NAMES) replies.push(await calls.read(counter, query));
  for (const { status } of replies) if (status !== 200 && status !== 404) throw new Error(`answered ${status}`);
  return replies.map(({ status, body }) => (status === 404 ? null : body.value));
}

/** Counts, backs up, counts on, and reads until all of it is served from the cache. */
async function history(calls: CounterCalls): Promise<Backup> {
  for (const counter of NAMES) await calls.set(counter, { value: 5 });
  await calls.delete('deleted before');
  // Where the copy must be taken of a database without connections, the service is away for that long.
  const backup = await eventuallyOnce(() => backUp(url));
  await eventually(async () => (await calls.increment('a', 100)).status === 200);
  for (const counter of ['b', 'ü/🚀', 'deleted before']) await calls.increment(counter, 100);
  await calls.delete('deleted later');
  await eventually(async () => {
    await values(calls);
    const { headers } = await calls.read('a');
    return headers.get('cache-status') === 'evercount; hit';
  });
  expect(await values(calls)).toEqual([105, 105, 105, null, 100]);
  expect(await hand.exists('ec:a')).toBe(1);
  return backup;
}

async function eventuallyOnce<T>(work: () => Promise<T>): Promise<T> {
  const results: { readonly value: T }[] = [];
  await eventually(async () => {
    results.push({ value: await work() });
    return true;
  });
  const [result] = results;
  if (result === undefined) throw new Error('nothing came of it');
  return result.value;
}

const BEFORE = [5, 5, 5, 5, null];

it('restored into the same database, while the service runs on', async () => {
  const calls = new CounterCalls(app.url);
  const backup = await history(calls);
  await eventuallyOnce(() => backup.restoreTo(url));
  // Within a second a permission that was given before has run out; from then on the restored state is what is read.
  await eventually(async () => (await values(calls, '?consistency=strong')).join() === BEFORE.join());
  await eventually(async () => (await values(calls)).join() === BEFORE.join());
  for (let round = 0; round < 5; round += 1) expect(await values(calls)).toEqual(BEFORE);
  await eventually(async () => (await calls.read('a')).headers.get('cache-status') === 'evercount; hit');
  expect(await values(calls)).toEqual(BEFORE);
});

it('restored into the same database, while the service is stopped: the first read is right', async () => {
  const backup = await history(new CounterCalls(app.url));
  const held = await hand.get('ec:a');
  await app.stop();
  await eventuallyOnce(() => backup.restoreTo(url));
  app = await startApp({ databaseUrl: url, redisUrl: servers.redis.url });
  // The newer entry is still there.
  expect(held).toContain('"value":105');
  expect(await values(new CounterCalls(app.url))).toEqual(BEFORE);
});

it('restored into another database that the same Redis serves: the first read is right', async () => {
  const backup = await history(new CounterCalls(app.url));
  await app.stop();
  const other = await servers.postgres.createDatabase(`other_${database}`);
  await eventuallyOnce(() => backup.restoreTo(other));
  app = await startApp({ databaseUrl: other, redisUrl: servers.redis.url });
  const calls = new CounterCalls(app.url);
  expect(await values(calls)).toEqual(BEFORE);
  expect((await calls.increment('a')).body).toMatchObject({ value: 6, version: 2 });
});
