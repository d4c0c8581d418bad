/** Where counts go to and come from: files, devices, pipes, another Redis; and who is blamed where that fails. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type CliOptions, type CliResult, runCli } from '../support/cli.js';
import { startRedis } from '../support/servers.js';
import { withServers } from '../support/service.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const servers = withServers({ ending: () => rm(folder, { recursive: true }) });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evercount-places-'));
  await cli('migrate up');
  await cli('import - --no-checksum', { input: '{"name":"bounded","value":1}\n{"name":"other","value":2}\n' });
});

function cli(line: string, options: CliOptions = {}): Promise<CliResult> {
  return runCli(line.split(' '), { ...options, env: servers.variables });
}

/** One's own where root could replace the machine's. */
function deviceLike(path: '/dev/null' | '/dev/full'): string {
  const own = join(folder, basename(path));
  const minor = { '/dev/null': '3', '/dev/full': '7' }[path];
  return spawnSync('mknod', [own, 'c', '1', minor]).status === 0 ? own : path;
}

describe('where an export goes', () => {
  it('may be a device or a pipe, which is written to and never replaced', async () => {
    const device = deviceLike('/dev/null');
    const pipe = join(folder, 'pipe');
    const link = join(folder, 'link');
    execFileSync('mkfifo', [pipe]);
    await symlink(device, link);
    for (const path of [device, link]) {
      expect(await cli(`export ${path}`)).toMatchObject({ code: 0, out: expect.stringContaining('exported') });
    }
    expect((await stat(device)).isCharacterDevice()).toBe(true);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    const [piped] = await Promise.all([readFile(pipe, 'utf8'), cli(`export ${pipe} --prefix bou`)]);
    expect(piped).toBe((await cli('export --prefix bou')).out);
    expect(await readdir(folder)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/(null|link|pipe)\.part/)]),
    );
  });

  it('is blamed where it is full, a folder or not there, and Postgres is not', async () => {
    const absent = join(folder, 'absent', 'file');
    const faults: [string, RegExp][] = [
      [deviceLike('/dev/full'), /full cannot be written: .*(no space|ENOSPC)/i],
      [folder, /is a folder/],
      [absent, /absent.* cannot be written/],
    ];
    for (const [path, reason] of faults) {
      const { code, err } = await cli(`export ${path}`);
      expect(err).toMatch(reason);
      expect(err).not.toContain('Postgres');
      expect(code).toBe(1);
    }
  });

  it('may be a standard output that is full, of which one line tells', () => {
    const environment = { ...process.env, ...servers.variables };
    for (const args of ['export', 'migrate status', 'counters --help']) {
      const full = openSync('/dev/full', 'w');
      try {
        const { status, stderr } = spawnSync(process.execPath, [CLI, ...args.split(' ')], {
          env: environment,
          stdio: ['ignore', full, 'pipe'],
          encoding: 'utf8',
        });
        expect(stderr).toMatch(/^(the schema is up to date\n)?error: standard output cannot be written: .+\n$/);
        expect(status).toBe(1);
      } finally {
        closeSync(full);
      }
    }
  });
});

describe('what an import comes from', () => {
  it("takes lines of one's own as editors leave them: a byte order mark in front, no newline at the end", async () => {
    const input = '\ufeff{"name":"own/a","value":1}\r\n{"name":"own/b","value":2}';
    const file = join(folder, 'own.ndjson');
    await writeFile(file, input);
    expect(await cli(`import ${file} --no-checksum`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 created'),
    });
    expect(await cli('import - --no-checksum', { input })).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 unchanged'),
    });
    const cut = '{"name":"own/c","value":3}\n{"name":"own/d","va';
    expect(await cli('import - --no-checksum', { input: cut })).toMatchObject({
      code: 65,
      err: expect.stringMatching(/line 2 is no JSON/),
    });
    for (const [line, fault] of [
      ['{"name":"own/e","value":9007199254740990.6}', 'would be rounded'],
      ['{"name":"own/e:1.5\\"","value": 1e-400}', 'would be rounded'],
      [Buffer.from('{"name":"own/\xe9","value":1}', 'latin1'), 'is no UTF-8'],
    ] as const) {
      await writeFile(file, line);
      expect(await cli(`import ${file} --no-checksum`)).toMatchObject({
        code: 65,
        err: expect.stringContaining(fault),
      });
    }
    await writeFile(file, '{"name":"own/e:1e-400","value":1.0e0}');
    expect(await cli(`import ${file} --no-checksum`)).toMatchObject({ out: expect.stringContaining('1 created') });
  });

  it('blames what it reads from, and not Postgres', async () => {
    const faults: [string, RegExp, number][] = [
      [`import ${folder}`, /cannot be read: .*(EISDIR|folder)/, 65],
      [`import ${join(folder, 'absent')}`, /cannot be read: .*ENOENT/, 65],
    ];
    for (const [line, reason, exit] of faults) {
      const { code, err } = await cli(line);
      expect(err).toMatch(reason);
      expect(err).not.toContain('Postgres');
      expect(code).toBe(exit);
    }
  });

  it('is told of a Redis by a file or the environment, since arguments are seen by others', async () => {
    const old = await startRedis();
    const file = join(folder, 'old-redis');
    const client = new Redis(old.url);
    try {
      await client.set('secret', '1');
      await writeFile(file, `${old.url}\n`);
      const ways: [string, Record<string, string>][] = [
        [`import --from-redis-file ${file} --match secret`, {}],
        ['import --from-redis --match secret', { EVERCOUNT_FROM_REDIS: old.url }],
        ['import --from-redis --match secret', { EVERCOUNT_FROM_REDIS_FILE: file }],
      ];
      for (const [line, more] of ways) {
        const { code, out, err } = await runCli(line.split(' '), { env: { ...servers.variables, ...more } });
        expect(out).toMatch(/1 (created|unchanged)/);
        expect(err).not.toContain('others on this machine');
        expect(code).toBe(0);
      }
      const { err } = await cli(`import --from-redis ${old.url} --match secret`);
      expect(err).toContain('--from-redis-file');
      expect(err).not.toContain(new URL(old.url).password);
      expect(await cli('import --from-redis')).toMatchObject({
        code: 64,
        err: expect.stringContaining('EVERCOUNT_FROM_REDIS'),
      });
    } finally {
      client.disconnect();
      await old.stop();
    }
  });
});
