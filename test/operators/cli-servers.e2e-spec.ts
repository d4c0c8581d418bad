/** The operator's commands that ask the servers themselves. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { freePort } from '../../src/embedded/free-port.js';
import { startApp, type TestApp } from '../support/app.js';
import { type CliResult, runCli } from '../support/cli.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { scratchFolder } from '../support/scratch.js';
import { startPostgres, startRedis, type TestPostgres } from '../support/servers.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const servers = withRedis({
  settings: ['maxmemory 100mb', 'maxmemory-policy noeviction'],
  ending: () => hand.disconnect(),
});
let hand: Redis;
let databaseUrl: string;

beforeAll(async () => {
  hand = new Redis(servers.redis.url);
  databaseUrl = await createTestDatabase();
});

type Env = Readonly<Record<string, string>>;

const cli = (line: string, env: Env = {}): Promise<CliResult> =>
  runCli(line.split(' '), { env: { DATABASE_URL: databaseUrl, REDIS_URL: servers.redis.url, ...env } });

interface Found {
  readonly check: string;
  readonly verdict: string;
  readonly found: string;
  readonly remedy: string | null;
}

const examined = async (env: Env = {}): Promise<(check: string) => Found | undefined> => {
  const findings = JSON.parse((await cli('doctor --json', env)).out) as Found[];
  return (check) => findings.find((finding) => finding.check === check);
};

describe('before any service', () => {
  it('migrate tells what is missing, applies it, and has nothing left to do', async () => {
    expect((await cli('doctor')).out).toMatch(/BAD +schema +is not there\n.*evercount migrate up/);
    const before = await cli('migrate status');
    expect(before).toMatchObject({ code: 2, out: expect.stringMatching(/Counters\d+ +no/) });
    expect((await cli('migrate up --dry-run')).code).toBe(2);
    expect((await cli('migrate up')).code).toBe(0);
    expect(await cli('migrate status')).toMatchObject({ code: 0, out: expect.stringMatching(/Counters\d+ +yes/) });
  });

  it('verify and doctor say that no cache was ever used', async () => {
    expect(await cli('verify')).toMatchObject({ code: 69, err: expect.stringContaining('start the service') });
    expect((await examined())('guard')).toMatchObject({ verdict: 'hint' });
  });
});

describe('beside a service', () => {
  let app: TestApp;
  let calls: CounterCalls;
  beforeAll(async () => {
    // Its own reconcile must not be the one to repair what these tests break.
    app = await startApp({ databaseUrl, redisUrl: servers.redis.url, env: { RECONCILE_INTERVAL_MS: '86400000' } });
    calls = new CounterCalls(app.url);
    // Its first steps are to name the Redis.
    await eventually(async () => (await cli('verify')).code === 0);
  });
  afterAll(() => app.stop());

  it('doctor finds nothing bad', async () => {
    const { code, out } = await cli('doctor');
    expect(out).toMatch(/ok +guard +names this Redis/);
    expect(out).toMatch(/ok +commands of BullMQ +may be run/);
    expect(out).toContain('bad: 0');
    expect(code).toBe(0);
  });

  it('verify ends with 0 where the cache is right, and with 2 where not, and changes nothing unless told to', async () => {
    for (const name of ['fine', 'newer', 'older', 'other', 'deleted']) {
      await calls.set(name, { value: 5 });
      await calls.read(name);
    }
    expect(await cli('verify')).toMatchObject({ code: 0, out: expect.stringContaining('no drift') });

    const tamper = async (name: string, from: string | RegExp, to: string) =>
      hand.set(`ec:${name}`, ((await hand.get(`ec:${name}`)) ?? '').replace(from, to), 'KEEPTTL');
    await tamper('newer', / 1 /, ' 9 ');
    await tamper('other', '"value":5', '"value":6');
    const old = (await hand.get('ec:older')) ?? '';
    await calls.increment('older');
    await hand.set('ec:older', old, 'PX', 60_000);
    const before = await Promise.all(['newer', 'other', 'older'].map((name) => hand.get(`ec:${name}`)));

    const found = await cli('verify');
    expect(found.code).toBe(2);
    expect(found.out).toMatch(/newer +wrong +5 \(version 9\) +5 \(version 1\)/);
    expect(found.out).toMatch(/other +wrong +6 \(version 1\) +5 \(version 1\)/);
    expect(found.out).toMatch(/older +behind +5 \(version 1\) +6 \(version 2\)/);
    expect(found.out).toContain('1 behind, 2 wrong');
    expect(await Promise.all(['newer', 'other', 'older'].map((name) => hand.get(`ec:${name}`)))).toEqual(before);

    expect((await cli('verify --fix')).code).toBe(2);
    expect((await cli('verify')).code).toBe(0);
    expect((await calls.read('older')).body).toMatchObject({ value: 6, version: 2 });
    expect((await calls.read('other')).body).toMatchObject({ value: 5, version: 1 });
  });

  it('verify is not led astray by counters that are being written', async () => {
    let writing = true;
    const write = async (): Promise<void> => {
      while (writing) await Promise.all([calls.increment('busy'), calls.read('busy')]);
    };
    const writers = [write(), write()];
    try {
      for (let round = 0; round < 5; round += 1) expect((await cli('verify')).code).toBe(0);
    } finally {
      writing = false;
      await Promise.all(writers);
    }
  });

  it('verify and doctor do not take another Redis for that of the service', async () => {
    const other = await startRedis();
    try {
      expect(await cli('verify', { REDIS_URL: other.url })).toMatchObject({
        code: 69,
        err: expect.stringContaining('another Redis'),
      });
      expect((await examined({ REDIS_URL: other.url }))('guard')).toMatchObject({ verdict: 'bad' });
    } finally {
      await other.stop();
    }
  });
});

describe('doctor', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres({ settings: ['fsync=off', 'synchronous_commit=off', 'max_connections=15'] });
  });
  afterAll(() => postgres.stop());

  it('tells of each setting that breaks the promise, and of missing rights, with the remedy', async () => {
    const url = await postgres.createDatabase('examined');
    await cli('migrate up', { DATABASE_URL: url });
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    await admin.query("CREATE ROLE weak LOGIN PASSWORD 'weak'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO weak");
    await admin.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC');
    await admin.end();
    const weak = url.replace(/\/\/[^@]+@/, '//weak:weak@');
    const find = await examined({ DATABASE_URL: weak, MIGRATIONS_DATABASE_URL: url });
    for (const check of ['fsync', 'synchronous_commit']) {
      expect(find(check)).toMatchObject({ verdict: 'bad', found: 'off', remedy: expect.stringContaining('= on') });
    }
    expect(find('max_connections')).toMatchObject({ verdict: 'hint' });
    expect(find('rights')).toMatchObject({
      verdict: 'bad',
      found: expect.stringContaining('counters: no INSERT, UPDATE, DELETE'),
      remedy: expect.stringContaining('GRANT'),
    });
    expect(find('pg_control_system()')).toMatchObject({ verdict: 'bad', remedy: expect.stringContaining('GRANT') });
    expect(find('schema')).toMatchObject({ verdict: 'good' });
  });

  it('tells of a Redis that evicts, and of one that denies what the scripts need', async () => {
    const evicting = await startRedis({ settings: ['maxmemory-policy allkeys-lru'] });
    const client = new Redis(evicting.url);
    try {
      expect((await examined({ REDIS_URL: evicting.url }))('eviction')).toMatchObject({
        verdict: 'bad',
        remedy: expect.stringContaining('noeviction'),
      });
      await client.acl('SETUSER', 'narrow', 'on', '>narrow', '~evercount:*', '+@all');
      const narrow = `redis://narrow:narrow@127.0.0.1:${evicting.port}`;
      const find = await examined({ REDIS_URL: narrow });
      expect(find('scripts on ec:*')).toMatchObject({ verdict: 'bad', found: expect.stringContaining('permission') });
      expect(find('scripts on evercount:*')).toMatchObject({ verdict: 'good' });
      await client.acl('SETUSER', 'silent', 'on', '>silent', '~*', '+@all', '-info');
      const silent = await examined({ REDIS_URL: `redis://silent:silent@127.0.0.1:${evicting.port}` });
      expect(silent('INFO of Redis')).toMatchObject({ verdict: 'bad', remedy: expect.stringContaining('allow INFO') });
    } finally {
      client.disconnect();
      await evicting.stop();
    }
  });

  it("tells what BullMQ needs and the jobs' Redis denies, as the documentation lists it", async () => {
    const check = 'jobs: commands of BullMQ';
    const others = await startRedis({ settings: ['maxmemory-policy allkeys-lru'] });
    const client = new Redis(others.url);
    const find = async (user: string) =>
      (await examined({ JOBS_REDIS_URL: `redis://${user}:password@127.0.0.1:${others.port}` }))(check);
    try {
      const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8');
      const rights = /^ACL SETUSER evercount (~\{evercount\}[^`]+)/m.exec(page)?.[1]?.trim().split(/\s+/) ?? [];
      const commands = rights.filter((right) => right.startsWith('+')).map((right) => right.slice(1));
      for (const user of ['enough', 'short', 'none', 'astray']) {
        await client.acl('SETUSER', user, 'reset', 'on', '>password', ...(user === 'none' ? ['~*', '+info'] : rights));
      }
      await client.acl('SETUSER', 'short', '-xadd', '-zadd');
      await client.acl('SETUSER', 'astray', 'resetkeys', '~evercount:*');
      expect(await find('enough')).toMatchObject({ verdict: 'good' });
      expect(await client.keys('*')).toEqual([]);
      const found = 'are denied: xadd, zadd';
      expect(await find('short')).toMatchObject({ found, remedy: expect.stringContaining('+xadd +zadd') });
      const denied = (await find('none'))?.found.replace('are denied: ', '').split(', ') ?? [];
      expect([...denied, 'info'].sort()).toEqual(commands.sort());
      expect(await find('astray')).toMatchObject({ verdict: 'bad', remedy: expect.stringContaining('~{evercount}:*') });
      const all = await examined({ JOBS_REDIS_URL: others.url });
      expect(['jobs: eviction', 'eviction'].map((one) => all(one)?.verdict)).toEqual(['bad', 'good']);
    } finally {
      client.disconnect();
      await others.stop();
    }
  });

  it('tells of servers that do not answer, of each one by itself', async () => {
    const port = await freePort();
    const find = await examined({ DATABASE_URL: `postgres://127.0.0.1:${port}/x` });
    expect(find('Postgres')).toMatchObject({ verdict: 'bad', found: expect.stringContaining('ECONNREFUSED') });
    expect(find('Redis')).toMatchObject({ verdict: 'good' });
    const other = await examined({ REDIS_URL: `redis://127.0.0.1:${port}` });
    expect(other('Redis')).toMatchObject({ verdict: 'bad', found: expect.stringContaining('ECONNREFUSED') });
    expect(other('Postgres')).toMatchObject({ verdict: 'good' });
    expect((await cli('doctor', { REDIS_URL: `redis://127.0.0.1:${port}` })).code).toBe(1);
  });
});

describe('the configuration', () => {
  it('is shown without secrets', async () => {
    const { code, out } = await cli('config check', { CACHE_TTL_MS: '1000' });
    expect(code).toBe(0);
    expect(out).toMatch(/CACHE_TTL_MS +1000/);
    expect(out).not.toContain(servers.redis.password);
    expect(out).not.toContain(new URL(databaseUrl).password);
  });

  it('is shown whole: every variable that the documentation lists', async () => {
    const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8');
    const rows = page.match(/^\| `[A-Z].*?\|/gm) ?? [];
    const documented = rows.flatMap((row) => row.match(/[A-Z][A-Z_]+/g) ?? []);
    const shown = Object.keys(JSON.parse((await cli('config check --json')).out) as object);
    // It only lets AUTH be off, and means nothing by itself.
    expect(shown.sort()).toEqual(documented.filter((name) => name !== 'ALLOW_INSECURE').sort());
  });

  it('with faults ends every command with 78, each fault named', async () => {
    for (const command of ['config check', 'doctor', 'verify', 'migrate status']) {
      const { code, err } = await cli(command, { PORT: 'x', CACHE_TTL_MS: '1' });
      expect(code).toBe(78);
      expect(err).toContain('PORT: got "x"');
      expect(err).toContain('CACHE_TTL_MS: got "1"');
    }
  });

  it('that names no servers is told so, where none run here', async () => {
    const project = process.cwd();
    // Whoever tests may have a service running in the project.
    process.chdir(await scratchFolder());
    const { code, err } = await runCli(['verify'], { env: {} }).finally(() => process.chdir(project));
    expect([code, err]).toEqual([78, expect.stringContaining('DATABASE_URL and REDIS_URL are not set')]);
  });

  it('that leads nowhere is one line with a remedy', async () => {
    const url = `postgres://127.0.0.1:${await freePort()}/x`;
    for (const command of ['verify', 'migrate status']) {
      const { code, err } = await cli(command, { DATABASE_URL: url });
      expect(code).toBe(69);
      expect(err).toMatch(/^error: Postgres does not serve this: .*ECONNREFUSED.*\n {2}check DATABASE_URL.*\n$/);
    }
  });
});
