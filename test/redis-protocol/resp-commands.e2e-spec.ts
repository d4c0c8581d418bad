/** Each command as Redis answers it, in RESP2 and RESP3, and what must differ. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService({ env: { RESP_PORT: '0' } });

describe.each([2, 3] as const)('commands over RESP%i', (protocol) => {
  let client: Redis;
  let run = 0;
  let name = '';

  beforeAll(() => {
    client = new Redis(service.app.respPort, '127.0.0.1', { protocol });
  });

  beforeEach(() => {
    run += 1;
    name = `commands:${protocol}:${run}`;
  });

  afterAll(() => client.disconnect());

  const call = (command: string, ...args: (string | number)[]): Promise<unknown> => client.call(command, ...args);
  const faultOf = (command: string, ...args: (string | number)[]): Promise<unknown> =>
    call(command, ...args).then(
      () => 'no error',
      (error: unknown) => (error as Error).message,
    );

  it('counts, and is the same counter over HTTP', async () => {
    expect(await client.incr(name)).toBe(1);
    expect(await client.incrby(name, 41)).toBe(42);
    expect(await client.decr(name)).toBe(41);
    expect(await client.decrby(name, 50)).toBe(-9);
    expect(await client.incrby(name, 0)).toBe(-9);
    expect(await client.get(name)).toBe('-9');
    const { body } = await send(service.app.url, 'GET', `/v1/counters/${encodeURIComponent(name)}`);
    expect(JSON.parse(body)).toMatchObject({ name, value: -9, version: 5 });
  });

  it('begins at 0 where nothing is added, and tells what is not there', async () => {
    expect(await client.get(name)).toBeNull();
    expect(await client.exists(name)).toBe(0);
    expect(await call('type', name)).toBe('none');
    expect(await client.incrby(name, 0)).toBe(0);
    expect(await client.exists(name, name, `${name}:not`)).toBe(2);
    expect(await call('type', name)).toBe('string');
    expect(await client.strlen(name)).toBe(1);
  });

  it('refuses what is no integer in Redis’ words, and what Redis itself would not write so', async () => {
    const words = 'ERR value is not an integer or out of range';
    for (const value of [
      '',
      ' 1',
      '1 ',
      '+5',
      '05',
      '-0',
      '1.5',
      '1e3',
      'foo',
      '9007199254740992',
      '9223372036854775808',
    ]) {
      expect([value, await faultOf('set', name, value)]).toEqual([value, words]);
    }
    for (const by of ['', 'v', '1.5', '9223372036854775808']) {
      expect([by, await faultOf('incrby', name, by)]).toEqual([by, words]);
      expect([by, await faultOf('decrby', name, by)]).toEqual([by, words]);
    }
    expect(await client.exists(name)).toBe(0);
  });

  it('refuses what a counter cannot hold as Redis refuses what 64 bits cannot', async () => {
    await client.set(name, '9007199254740991');
    const words = 'ERR increment or decrement would overflow';
    expect(await faultOf('incr', name)).toBe(words);
    expect(await faultOf('incrby', name, '9223372036854775807')).toBe(words);
    expect(await faultOf('decrby', name, '-9223372036854775807')).toBe(words);
    expect(await client.get(name)).toBe('9007199254740991');
  });

  it('keeps the bounds of a counter that has some', async () => {
    await send(service.app.url, 'PUT', `/v1/counters/${encodeURIComponent(name)}`, {
      json: { value: 9, min: 0, max: 10 },
    });
    expect(await client.incr(name)).toBe(10);
    expect(await faultOf('incr', name)).toBe('ERR value is out of bounds');
    expect(await faultOf('set', name, 11)).toBe('ERR value is out of bounds');
    expect(await client.set(name, 3)).toBe('OK');
    const { body } = await send(service.app.url, 'GET', `/v1/counters/${encodeURIComponent(name)}`);
    expect(JSON.parse(body)).toMatchObject({ value: 3, min: 0, max: 10 });
  });

  it('sets under a condition', async () => {
    expect(await call('set', name, 5, 'XX')).toBeNull();
    expect(await call('set', name, 5, 'nx')).toBe('OK');
    expect(await call('set', name, 6, 'NX')).toBeNull();
    expect(await call('set', name, 6, 'XX')).toBe('OK');
    expect(await client.setnx(name, 7)).toBe(0);
    expect(await client.get(name)).toBe('6');
    expect(await faultOf('set', name, 5, 'NX', 'XX')).toBe('ERR syntax error');
    expect(await faultOf('set', name, 5, 'foo')).toBe('ERR syntax error');
    expect(await faultOf('set', name, 5, 'EX', 0, 'foo')).toBe('ERR syntax error');
    expect(await faultOf('set', name, 5, 'EX', 10, 'KEEPTTL')).toBe('ERR syntax error');
    // What is said twice, and of times the last one.
    expect(await call('set', name, 8, 'XX', 'XX', 'EX', 0, 'EX', 4_000)).toBe('OK');
    expect(await client.ttl(name)).toBeGreaterThan(2_000);
    expect(await call('set', name, 9, 'KEEPTTL', 'KEEPTTL')).toBe('OK');
    expect(await client.ttl(name)).toBeGreaterThan(2_000);
  });

  it('sets several at once: all or none', async () => {
    const names = ['a', 'b', 'c'].map((one) => `${name}:${one}`);
    const [a = '', b = '', c = ''] = names;
    expect(await client.mset(a, 1, b, 2, a, 3)).toBe('OK');
    expect(await client.mget(a, b, c)).toEqual(['3', '2', null]);
    expect(await client.msetnx(c, 1, a, 9)).toBe(0);
    expect(await client.msetnx(c, 4)).toBe(1);
    expect(await client.mget(a, b, c)).toEqual(['3', '2', '4']);
    expect(await faultOf('mset', a, 1, b)).toBe("ERR wrong number of arguments for 'mset' command");
    expect(await client.del(...names, a, `${name}:not`)).toBe(3);
    expect(await client.exists(...names)).toBe(0);
  });

  it('takes names that are text, and no others', async () => {
    const odd = `${name}:ünï /%'__proto__ 😀`;
    expect(await client.incr(odd)).toBe(1);
    expect(await client.mget(odd)).toEqual(['1']);
    for (const unfit of ['', '.', 'a\nb', `${name}\0`, 'x'.repeat(256)]) {
      expect([unfit, await faultOf('incr', unfit)]).toEqual([unfit, 'ERR invalid key']);
    }
    await expect(client.call('get', Buffer.from([0xff, 0xfe]))).rejects.toThrow('ERR invalid key');
  });

  it('words its errors as Redis does', async () => {
    expect(await faultOf('incr')).toBe("ERR wrong number of arguments for 'incr' command");
    expect(await faultOf('incr', name, 'v')).toBe("ERR wrong number of arguments for 'incr' command");
    expect(await faultOf('LPUSH', name, 1)).toBe(
      `ERR unknown command 'LPUSH', with args beginning with: '${name}' '1' `,
    );
    expect(await faultOf('select', 1)).toBe('ERR DB index is out of range');
    expect(await faultOf('client', 'nonsense')).toBe("ERR unknown subcommand 'nonsense'. Try CLIENT HELP.");
    expect(await faultOf('config', 'nonsense')).toBe("ERR unknown subcommand 'nonsense'. Try CONFIG HELP.");
    for (const told of ['client', 'config', 'command'])
      expect(String(await call(told, 'help'))).toMatch(/^[A-Z]+ <subcommand>/);
    for (const words of ['config get', 'command count x', 'command getkeys', 'client kill', 'client id x']) {
      const [first = '', ...more] = words.split(' ');
      expect(await faultOf(first, ...more)).toBe(
        `ERR wrong number of arguments for '${first}|${more[0] ?? ''}' command`,
      );
    }
    expect(await faultOf('client', 'kill', 'id', 0)).toBe('ERR client-id should be greater than 0');
    expect(await faultOf('decrby', name, '-9223372036854775808')).toBe('ERR decrement would overflow');
    expect(await faultOf('scan', '18446744073709551616')).toBe('ERR invalid cursor');
    expect(await call('wait', -1, 0)).toBe(0);
  });

  it('answers a pipeline in its order, each command seeing those before it', async () => {
    const pipeline = client.pipeline();
    const expected: unknown[] = [];
    for (let value = 1; value <= 200; value += 1) {
      pipeline.incr(name).get(name).ping().incrby(name, 2).decrby(name, 2).exists(name, `${name}:not`);
      expected.push(value, String(value), 'PONG', value + 2, value, 1);
    }
    pipeline.set(name, 7).incr(name).del(name).get(name).incr(name);
    expected.push('OK', 8, 1, null, 1);
    const answers = (await pipeline.exec()) ?? [];
    expect(answers.map(([error, answer]) => error ?? answer)).toEqual(expected);
  });

  it('goes on after an error in a pipeline', async () => {
    const pipeline = client.pipeline().incr(name).call('incr').set(name, 'foo').incr(name);
    const answers = (await pipeline.exec()) ?? [];
    expect(answers.map(([error, answer]) => error?.message ?? answer)).toEqual([
      1,
      "ERR wrong number of arguments for 'incr' command",
      'ERR value is not an integer or out of range',
      2,
    ]);
  });

  it('says what it is', async () => {
    const info = String(await call('info'));
    expect(info).toMatch(/^redis_version:7\./m);
    expect(info).toMatch(/^run_id:[0-9a-f]{40}\r$/m);
    expect(info).toMatch(/^role:master\r$/m);
    expect(info).toMatch(/^loading:0\r$/m);
    expect(await call('config', 'get', 'appendonly')).toEqual(['appendonly', 'yes']);
    expect(await call('wait', 0, 0)).toBe(0);
    expect(await call('waitaof', 1, 0, 0)).toEqual([1, 0]);
    expect(await call('echo', 'hello')).toBe('hello');
    expect(await call('command', 'getkeys', 'mset', 'a', 1, 'b', 2)).toEqual(['a', 'b']);
    const listed = (await call('command', 'list')) as string[];
    expect(await call('command', 'count')).toBe(listed.length);
    expect(await call('command', 'info', 'nonsense')).toEqual([null]);
    await call('client', 'setname', 'a-name');
    expect(await call('client', 'getname')).toBe('a-name');
    const id = await call('client', 'id');
    expect(String(await call('client', 'list'))).toContain(`id=${String(id)} `);
    const told = String(await call('client', 'info'));
    expect(told).toMatch(
      /^id=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=\d+ name=a-name .* cmd=client user=default /,
    );
    // redis-py takes it apart, and misses what is not there.
    const fields = told
      .trim()
      .split(' ')
      .map((field) => field.split('=')[0]);
    for (const field of 'flags db sub psub multi watch qbuf qbuf-free argv-mem obl oll omem tot-mem events resp'.split(
      ' ',
    ))
      expect(fields).toContain(field);
    expect(await call('client', 'list', 'id', String(id), 999_999)).toMatch(/^id=\d+ [^\n]*\n$/);
    expect(await call('client', 'list', 'type', 'normal')).toContain(`id=${String(id)} `);
    expect(await call('client', 'list', 'id', 999_999)).toBe('');
    expect(await call('client', 'list', 'type', 'master')).toBe('');
    expect(await faultOf('client', 'list', 'id', 'x')).toBe('ERR Invalid client ID');
    expect(await faultOf('client', 'list', 'type', 'x')).toBe("ERR Unknown client type 'x'");
    expect(await faultOf('client', 'list', 'nonsense')).toBe('ERR syntax error');
  });
});
