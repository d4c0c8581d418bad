/** Counting by the command line: by URL and key, without a database at hand. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { freePort } from '../../src/embedded/free-port.js';
import { type CliOptions, type CliResult, runCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-admin-key-for-this-test';

const service = withService({ env: { AUTH: 'required', ADMIN_KEY } });

/** With nothing in the environment but where the service is, and the key. */
const cli = (line: string, options: CliOptions = {}): Promise<CliResult> =>
  runCli(line.split(' '), {
    ...options,
    env: { EVERCOUNT_URL: service.app.url, EVERCOUNT_KEY: ADMIN_KEY, ...options.env },
  });
const json = async (line: string): Promise<unknown> => JSON.parse((await cli(`${line} --output json`)).out);

it('counts up and down, resets and tells what was there', async () => {
  expect(await json('incr visits')).toMatchObject({ name: 'visits', value: 1, version: 1 });
  expect(await json('incr visits 5')).toMatchObject({ value: 6 });
  expect(await json('decr visits 2')).toMatchObject({ value: 4 });
  expect(await json('reset visits --to 1')).toMatchObject({ value: 1, previous: 4 });
  expect((await cli('get visits')).out).toMatch(/^name +visits\nvalue +1\nversion +4\n/);
  expect(await cli('reset nowhere')).toMatchObject({ code: 1, err: expect.stringContaining('There is no') });
  expect(await cli('incr visits 0')).toMatchObject({ code: 64 });
  expect(await cli('delete ..')).toMatchObject({ code: 64, err: expect.stringContaining('the name must not be') });
  expect(await cli('get visits', { env: { EVERCOUNT_KEY: 'another-key-of-nobody' } })).toMatchObject({ code: 77 });
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  expect(await cli('get visits', { env: { EVERCOUNT_URL: nowhere } })).toMatchObject({ code: 69 });
});

it('a write with a key of its own counts once', async () => {
  for (let i = 0; i < 2; i += 1) await cli('incr once 3 --idempotency-key order-1');
  expect(await json('get once')).toMatchObject({ value: 3 });
});

it('says when a counter ends by itself', async () => {
  const { expiresAt } = (await json('incr ending --ttl-ms 3600000')) as { expiresAt: string };
  expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(1_800_000);
  expect(await cli('incr ending --ttl-if-none')).toMatchObject({ code: 64 });
  expect(await json('incr ending --ttl-ms 1000 --ttl-if-none')).toMatchObject({ value: 2, expiresAt });
});

it('prints what spreadsheets read, names with commas, quotes and line breaks included', async () => {
  await runCli(['incr', 'csv:a,"b"'], { env: { EVERCOUNT_URL: service.app.url, EVERCOUNT_KEY: ADMIN_KEY } });
  const { out } = await cli('list --prefix csv: --output csv');
  expect(out.split('\n')[0]).toBe('name,value,version,min,max,expires,updated');
  expect(out.split('\n')[1]).toMatch(/^"csv:a,""b""",1,1,,,,20\d\d-/);
  expect((await cli('get visits --output csv')).out).toMatch(/^name,value,.*\nvisits,1,/);
  expect(await cli('get visits --output yaml')).toMatchObject({ code: 64 });
});

it('ranks counters', async () => {
  await cli('incr rank:a 3');
  await cli('incr rank:b 5');
  expect((await cli('top --prefix rank: --output csv')).out).toMatch(/^name,value,change\nrank:b,5,\d\nrank:a,3,\d\n$/);
  expect(await json('top --prefix rank: --limit 1')).toMatchObject({ data: [{ name: 'rank:b', value: 5 }] });
});

it('draws what a counter came to', async () => {
  await cli('incr drawn 7');
  await eventually(async () => (await cli('history drawn --interval minute')).out.includes('┼'));
  expect((await cli('history drawn --interval minute --show value')).out).toMatch(/7 ┼[^]*T\d\d:\d\dZ to 20/);
  expect((await cli('history drawn --interval minute --output csv')).out).toMatch(/^at,delta,value\n20[^,]*Z,7,7\n/);
  expect(await json('history drawn --interval day --tz Asia/Kolkata')).toMatchObject({
    data: [{ at: expect.stringContaining('T18:30:00'), delta: 7, value: 7 }],
  });
  expect(await json('history drawn --over today')).toMatchObject({ tz: 'UTC' });
  expect(await cli('history nowhere')).toMatchObject({ code: 1 });
});

it('watches: what is there, then so many changes', async () => {
  await cli('set watched 1');
  const watching = cli('watch watched --prefix new: --changes 2 --output json');
  await eventually(async () => {
    await cli('incr new:a');
    return (await Promise.race([watching, Promise.resolve(null)])) !== null;
  });
  const { code, out } = await watching;
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string });
  expect([code, lines[0]]).toMatchObject([0, { name: 'watched', value: 1 }]);
  expect(lines.at(-1)?.name).toBe('new:a');
  expect(await cli('watch')).toMatchObject({ code: 64 });
  expect(await cli('watch a', { env: { EVERCOUNT_KEY: 'another-key-of-nobody' } })).toMatchObject({ code: 77 });
});

it('tells its version', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await cli('--version')).toMatchObject({ code: 0, out: `${version}\n` });
});

describe('completion', () => {
  /** What bash would offer after these words, the last of which is being typed. */
  async function offered(...words: string[]): Promise<string[]> {
    const { out } = await cli('completion bash');
    const typed = ['evercount', ...words].map((word) => `'${word}'`).join(' ');
    const script = `${out}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _evercount; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  }

  it('in bash offers commands, their own commands, options and what these take', async () => {
    expect(await offered('re')).toEqual(['reset', 'reconcile']);
    expect(await offered('cache', '')).toEqual(expect.arrayContaining(['status', 'flush', 'rehydrate']));
    expect(await offered('history', 'visits', '--int')).toEqual(['--interval']);
    expect(await offered('history', 'visits', '--output', '')).toEqual(['chart', 'table', 'json', 'csv']);
    expect(await offered('--v')).toEqual(['--version']);
  });

  it('in zsh and fish offers the same', async () => {
    expect((await cli('completion zsh')).out).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n_evercount\(\)/);
    const { out } = await cli('completion fish');
    expect(out).toMatch(/^complete -c evercount -f -n '__fish_use_subcommand' -a incr -d 'add to a counter/m);
    expect(out).toContain(" -l output -x -a 'chart table json csv' ");
    expect((await cli('completion tcsh')).code).toBe(64);
  });
});
