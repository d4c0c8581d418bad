/** The operator's commands that call a running service. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort } from '../../src/embedded/free-port.js';
import { type CliOptions, type CliResult, runCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

let hand: Redis;

const service = withService({
  ending: () => {
    hand.disconnect();
  },
});

beforeAll(() => {
  hand = new Redis(service.redis.url);
});

const cli = (line: string, options: CliOptions = {}): Promise<CliResult> =>
  runCli(line.split(' '), { ...options, env: { EVERCOUNT_URL: service.app.url, ...options.env } });

describe('counters', () => {
  it('are set, read, listed and deleted, names and values exactly', async () => {
    const name = 'a/b%?ü🚀__proto__';
    expect((await runCli(['set', name, '-9007199254740991', '--url', service.app.url])).code).toBe(0);
    const read = await cli(`get ${name} --json`);
    expect(JSON.parse(read.out)).toMatchObject({ name, value: -9_007_199_254_740_991, version: 1 });
    const listed = await cli('list --prefix a/');
    expect(listed.out).toMatch(/name +value +version[^]*a\/b%\?ü🚀__proto__ +-9007199254740991 +1/);
    expect((await cli(`delete ${name} --yes`)).out).toContain('deleted, with the value -9007199254740991');
    expect(await cli(`get ${name}`)).toEqual({
      code: 1,
      out: '',
      err: 'error: There is no counter with this name.\n',
    });
  });

  it('take bounds, lose them, and are held to them', async () => {
    await cli('set bounded 5 --min 0 --max 10');
    expect((await cli('set bounded 11')).err).toContain('above the maximum 10');
    await cli('set bounded 11 --max none');
    expect((await service.calls.read('bounded')).body).toMatchObject({ value: 11, min: 0, max: null });
  });

  it('are listed beyond one page', async () => {
    const increments = Array.from({ length: 1000 }, (_, index) => ({ name: `many/${index}` }));
    await service.calls.batch({ increments });
    await service.calls.increment('many/z');
    const all = await cli('list --prefix many/ --all --json');
    expect(JSON.parse(all.out)).toHaveLength(1001);
    expect((await cli('list --prefix many/')).err).toContain('there are more');
  });

  it('are not deleted without a yes, nor when the version has moved on', async () => {
    await service.calls.increment('kept');
    expect(await cli('delete kept')).toMatchObject({ code: 64, err: expect.stringContaining('--yes') });
    expect(await cli('delete kept', { answer: 'n' })).toMatchObject({ code: 1 });
    expect((await cli('delete kept --dry-run')).err).toContain('would delete it with the value 1');
    expect(JSON.parse((await cli('delete kept --dry-run --json')).out)).toMatchObject({ before: { value: 1 } });
    expect((await cli('delete kept --yes --if-version 7')).code).toBe(1);
    expect((await service.calls.read('kept')).status).toBe(200);
    expect((await cli('delete kept', { answer: 'y' })).code).toBe(0);
    expect((await service.calls.read('kept')).status).toBe(404);
  });

  it('show no character that would make a line look like another', async () => {
    await service.calls.set('evil\u202etxt', { value: 1 });
    const { out } = await cli('list --prefix evil');
    expect(out).toContain('evil\\u{202e}txt');
  });
});

describe('cache', () => {
  it('is flushed only with a yes, and filled again', async () => {
    await service.calls.increment('warm');
    await service.calls.read('warm');
    expect((await cli('cache flush')).code).toBe(64);
    expect(await hand.exists('ec:warm')).toBe(1);
    expect((await cli('cache flush', { answer: 'y' })).out).toMatch(/removed \d+ entries/);
    expect(await hand.exists('ec:warm')).toBe(0);
    expect((await cli('cache rehydrate')).out).toMatch(/filled [1-9]\d* of \d+ counters/);
    expect(await hand.exists('ec:warm')).toBe(1);
    await eventually(async () => /Postgres +up\nRedis +up/.test((await cli('cache status')).out));
  });

  it('is reconciled: drift is told with exit code 2, and is gone', async () => {
    await service.calls.set('tampered', { value: 5 });
    await service.calls.read('tampered');
    const entry = (await hand.get('ec:tampered')) ?? '';
    await hand.set('ec:tampered', entry.replace('"value":5', '"value":6'), 'KEEPTTL');
    let first: CliResult | undefined;
    // Where the cache cannot be served for a moment, it is not compared either.
    await eventually(async () => (first = await cli('reconcile')).code !== 1);
    expect(first?.out).toMatch(/tampered +wrong +6 \(version 1\) +5 \(version 1\)/);
    expect(first?.code).toBe(2);
    await eventually(async () => (await cli('reconcile')).code === 0);
    expect((await service.calls.read('tampered')).body.value).toBe(5);
  });
});

describe('a fault', () => {
  it('is one line with a remedy, and no stack', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const result = await cli('cache status', { env: { EVERCOUNT_URL: nobody } });
    expect(result.code).toBe(69);
    expect(result.out).toBe('');
    expect(result.err).toMatch(/^error: .*did not answer.*\n {2}.*EVERCOUNT_URL.*\n$/);
  });

  it('of the command line ends with 64, and suggests what may have been meant', async () => {
    expect(await cli('inc a')).toMatchObject({
      code: 64,
      err: expect.stringContaining('Did you mean incr?'),
    });
    expect((await cli('cache')).code).toBe(64);
    expect((await cli('set a 1.5')).code).toBe(64);
    expect((await cli('list --limit 0')).code).toBe(64);
    expect((await cli('cache status --url nowhere')).code).toBe(64);
    expect((await cli('cache status --key-file /nowhere')).code).toBe(64);
    expect((await runCli([])).code).toBe(0);
  });
});
