/** The way out and in: nothing lost, nothing lowered, and cached reads stay right meanwhile. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { COUNTERS } from '../../src/store/guard-state.js';
import { startApp, type TestApp } from '../support/app.js';
import { type CliOptions, type CliResult, runCli } from '../support/cli.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { pointsOf, sumOf } from '../support/history.js';
import { startRedis } from '../support/servers.js';
import { withRedis } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

interface House {
  readonly databaseUrl: string;
  readonly app: TestApp;
  readonly calls: CounterCalls;
  readonly cli: (line: string, options?: CliOptions) => Promise<CliResult>;
}

const servers = withRedis({
  ending: async () => {
    await from.app.stop();
    await rm(folder, { recursive: true });
  },
});
let folder: string;
let from: House;

async function house(): Promise<House> {
  const databaseUrl = await createTestDatabase();
  const app = await startApp({ databaseUrl, redisUrl: servers.redis.url });
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: servers.redis.url };
  const cli = (line: string, options: CliOptions = {}) => runCli(line.split(' '), { ...options, env });
  return { databaseUrl, app, calls: new CounterCalls(app.url), cli };
}

/** Which counters are in a house, as files that are gone on with note it. */
async function identityOf({ databaseUrl }: House): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ counters: string }>(`SELECT ${COUNTERS} AS counters`);
  await client.end();
  return rows[0]?.counters ?? '';
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evercount-transfer-'));
  from = await house();
});

const everything = async ({ calls }: House): Promise<string> =>
  (await calls.call('GET', '/v1/counters?limit=1000')).text;

describe('an export', () => {
  let file: string;
  let to: House;
  beforeAll(async () => {
    const names = ['a', 'ü/%🚀', '__proto__', 'line\u2028separator', '"quoted"\\'];
    for (const [index, name] of names.entries()) {
      await from.calls.increment(name, index + 1);
      await from.calls.increment(name, index + 1);
    }
    await from.calls.set('bounded', { value: -9_007_199_254_740_991, min: -9_007_199_254_740_991, max: 0 });
    await from.calls.call('PUT', '/v1/counters/ending', { value: 3, ttlMs: 3_600_000 });
    await from.calls.increment('gone');
    await from.calls.delete('gone');
    file = join(folder, 'all.ndjson');
    expect(await from.cli(`export ${file}`)).toMatchObject({ code: 0, out: expect.stringContaining('exported 8') });
    to = await house();
  });
  afterAll(() => to.app.stop());

  it('brings every counter into another deployment as it was, the versions of deleted ones too', async () => {
    expect(await to.cli(`import ${file} --dry-run`)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/7 created/),
    });
    expect(JSON.parse(await everything(to))).toMatchObject({ data: [] });
    const { code, out } = await to.cli(`import ${file}`);
    expect(out).toContain('7 created, 0 replaced, 1 deleted, 0 unchanged, 0 kept, 0 skipped');
    expect(code).toBe(0);
    expect(await everything(to)).toBe(await everything(from));
    expect((await to.calls.increment('gone')).body).toMatchObject({ value: 1, version: 3 });
  });

  it('may be imported again: what is there is left alone', async () => {
    await to.calls.increment('a');
    const { code, out } = await to.cli(`import ${file}`);
    expect(out).toMatch(/a +another value is there[^]*6 unchanged, 2 kept/);
    expect(code).toBe(2);
    expect((await to.calls.read('a')).body).toMatchObject({ value: 3, version: 3 });
  });

  it('replaces other values only where it is told to, and never lowers a version', async () => {
    const { code, out } = await to.cli(`import ${file} --overwrite`);
    expect(out).toContain('1 replaced, 1 deleted, 6 unchanged');
    expect(code).toBe(0);
    expect((await to.calls.read('a')).body).toMatchObject({ value: 2, version: 4 });
    expect((await to.calls.increment('gone')).body).toMatchObject({ value: 1, version: 5 });
  });

  it('of a clock that is ahead brings no time that is to come: what is counted later is told as later', async () => {
    const input =
      '{"name":"ahead","value":5,"version":3,"createdAt":"2998-01-01T00:00:00Z","updatedAt":"2999-01-01T00:00:00Z"}';
    expect((await to.cli('import - --no-checksum', { input })).code).toBe(0);
    const { createdAt, updatedAt } = (await to.calls.increment('ahead')).body;
    expect([createdAt, updatedAt].filter((at) => at > '2998')).toEqual([]);
    expect(sumOf(await pointsOf(to.calls, 'ahead', 'interval=day'))).toBe(6);
  });

  it('of which a byte was changed, or the end is missing, is refused as a whole', async () => {
    const text = await readFile(file, 'utf8');
    const empty = await house();
    try {
      const faults: [string, RegExp][] = [
        [text.replace('"value":2', '"value":3'), /checksum/],
        [text.slice(0, -1), /cut off/],
        [text.split('\n').slice(0, -2).join('\n') + '\n', /cut off/],
        [text.split('\n').toSpliced(2, 1).join('\n'), /checksum/],
        [text + '{"name":"more","value":1}\n', /after the end/],
        ['{"name":"x","value":1}\n', /not the first line.*\n.*--no-checksum/],
        [text.replace('"max":0', '"max":-9007199254740992'), /line \d+ max/],
      ];
      for (const [content, reason] of faults) {
        await writeFile(join(folder, 'broken.ndjson'), content);
        const { code, err } = await empty.cli(`import ${join(folder, 'broken.ndjson')}`);
        expect(err).toMatch(reason);
        expect(code).toBe(65);
      }
      expect(JSON.parse(await everything(empty))).toMatchObject({ data: [] });
    } finally {
      await empty.app.stop();
    }
  });

  it('that was cut off goes on where it was, to the same file', async () => {
    const [header = '', ...lines] = (await readFile(file, 'utf8')).split('\n');
    const second = join(folder, 'second.ndjson');
    await writeFile(`${second}.part`, `${header}\n${lines.slice(0, 3).join('\n')}\n{"name":"ha`);
    await writeFile(`${second}.part.of`, await identityOf(from));
    // Half of one database and half of another would have a checksum that fits.
    const mixed = await to.cli(`export ${second}`);
    expect(mixed).toMatchObject({ code: 1, err: expect.stringContaining('is of another database') });
    const { out } = await from.cli(`export ${second}`);
    expect(out).toContain('3 of them by an earlier run');
    expect(await readFile(second, 'utf8')).toBe(await readFile(file, 'utf8'));
    await appendFile(`${second}.part`, 'something else\n');
    expect(await from.cli(`export ${second}`)).toMatchObject({ code: 1, err: expect.stringContaining('--restart') });
  });

  it('goes through pipes', async () => {
    const { out } = await from.cli('export --prefix bou');
    const other = await house();
    try {
      expect((await other.cli('import -', { input: out })).out).toContain('1 created');
      expect((await other.calls.read('bounded')).body).toEqual((await from.calls.read('bounded')).body);
      expect((await other.cli('import -', { input: out.replace('bounded', 'changed') })).code).toBe(65);
    } finally {
      await other.app.stop();
    }
  });
});

describe('an import', () => {
  let to: House;
  beforeAll(async () => {
    to = await house();
  });
  afterAll(() => to.app.stop());

  it('goes on where the one before was cut off', async () => {
    const file = join(folder, 'many.ndjson');
    await writeFile(file, '');
    const increments = Array.from({ length: 1_000 }, (_, index) => ({ name: `resume/${index}` }));
    await from.calls.batch({ increments });
    await from.cli(`export ${file} --prefix resume/ --restart`);
    const last = (await readFile(file, 'utf8')).trim().split('\n').at(-1) ?? '';
    const { sha256 } = JSON.parse(last) as { sha256: string };
    const progress = JSON.stringify({ sha256, into: await identityOf(to), overwrite: false, done: 600 });
    await writeFile(`${file}.progress`, progress);
    // In another database nothing of it was done.
    const other = await house();
    expect((await other.cli(`import ${file}`).finally(() => other.app.stop())).out).toContain('1000 created');
    await writeFile(`${file}.progress`, progress);
    const { out, err } = await to.cli(`import ${file}`);
    expect(out).toContain('400 created');
    expect(err).toContain('600 were done by an earlier run');
    expect((await to.cli(`import ${file}`)).out).toContain('600 created, 0 replaced, 0 deleted, 400 unchanged');
  });

  it('is seen by cached reads when it is told, and no read goes back, while the service counts on', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `live/${index}`);
    for (const name of names) await to.calls.increment(name);
    await eventually(async () => (await to.calls.read('live/0')).headers.get('cache-status') === 'evercount; hit');
    let reading = true;
    const faults: string[] = [];
    const read = async (first: number): Promise<void> => {
      const seen = new Map<string, number>();
      for (let turn = first; reading; turn += 1) {
        const name = names[turn % names.length] ?? '';
        const { body, status } = await to.calls.read(name);
        if (status !== 200) continue;
        if (body.version < (seen.get(name) ?? 0)) faults.push(`${name} went back to ${body.version}`);
        seen.set(name, body.version);
      }
    };
    const count = async (): Promise<void> => {
      for (let turn = 0; reading; turn += 1) await to.calls.increment(names[turn % names.length] ?? '');
    };
    const clients = [read(0), read(13), count()];
    try {
      for (let round = 1; round <= 10; round += 1) {
        const lines = names.map((name) => JSON.stringify({ name: `${name}/quiet`, value: round * 100 }));
        const busy = names.map((name) => JSON.stringify({ name, value: round * 1_000 }));
        const { code } = await to.cli('import - --no-checksum --overwrite', {
          input: `${[...lines, ...busy].join('\n')}\n`,
        });
        expect(code).toBe(0);
        const { body } = await to.calls.call<{ data: { value: number }[] }>('POST', '/v1/reads', {
          names: names.map((name) => `${name}/quiet`),
        });
        expect(new Set(body.data.map(({ value }) => value))).toEqual(new Set([round * 100]));
        for (const name of names) expect((await to.calls.read(`${name}/quiet`)).body.value).toBe(round * 100);
      }
    } finally {
      reading = false;
      await Promise.all(clients);
    }
    expect(faults).toEqual([]);
    expect((await to.cli('verify')).code).toBe(0);
  });

  it('asks before it lets the cache go to another Redis', async () => {
    const other = await startRedis();
    try {
      const env = { DATABASE_URL: '', REDIS_URL: '' };
      Object.assign(env, { DATABASE_URL: await createTestDatabase(), REDIS_URL: servers.redis.url });
      await runCli(['migrate', 'up'], { env });
      const line = '{"name":"x","value":1}\n';
      expect((await runCli(['import', '-', '--no-checksum'], { env, input: line })).code).toBe(0);
      const elsewhere = { ...env, REDIS_URL: other.url };
      const asked = await runCli(['import', '-', '--no-checksum'], { env: elsewhere, input: line });
      expect(asked).toMatchObject({ code: 64, err: expect.stringContaining('--yes') });
      expect((await runCli(['import', '-', '--no-checksum', '--yes'], { env: elsewhere, input: line })).code).toBe(0);
    } finally {
      await other.stop();
    }
  });
});
