/** MULTI, EXEC and WATCH: one commit, with whatever else is written meanwhile. */
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService({ env: { RESP_PORT: '0' }, two: true, ending: () => client.disconnect() });
let client: Redis;
let run = 0;
let name = '';

const connected = (index = 0): Redis => new Redis((index % 2 === 0 ? service.app : service.other).respPort);

beforeAll(() => {
  client = connected();
});

beforeEach(() => {
  run += 1;
  name = `multi:${run}`;
});

const call = (command: string, ...args: (string | number)[]): Promise<unknown> => client.call(command, ...args);
const faultOf = (command: string, ...args: (string | number)[]): Promise<unknown> =>
  call(command, ...args).then(
    () => 'no error',
    (error: unknown) => (error as Error).message,
  );

describe('a transaction', () => {
  it('does what was queued, each command seeing those before it', async () => {
    const [other, absent] = [`${name}:other`, `${name}:absent`];
    const answers = await client
      .multi()
      .set(name, 5)
      .incr(name)
      .get(name)
      .mset(other, 1, name, 9)
      .mget(name, other, absent)
      .del(name, absent)
      .exists(name, other)
      .ping()
      .exec();
    expect(answers).toEqual([
      [null, 'OK'],
      [null, 6],
      [null, '6'],
      [null, 'OK'],
      [null, ['9', '1', null]],
      [null, 1],
      [null, 1],
      [null, 'PONG'],
    ]);
    expect(await client.mget(name, other)).toEqual([null, '1']);
  });

  it('leaves the others standing where one is refused', async () => {
    await send(service.app.url, 'PUT', `/v1/counters/${name}`, { json: { value: 9, max: 10 } });
    const answers = await client.multi().incr(name).incr(name).set(name, 'words').incr(`${name}:b`).exec();
    expect(answers?.map(([error, answer]) => error?.message ?? answer)).toEqual([
      10,
      'ERR value is out of bounds',
      'ERR value is not an integer or out of range',
      1,
    ]);
    expect(await client.mget(name, `${name}:b`)).toEqual(['10', '1']);
  });

  it('does nothing where a command was refused before it was queued', async () => {
    for (const refused of [['nonsense'], ['incr'], ['scan', 0], ['once', 'x', 'incr', name]]) {
      await call('multi');
      expect(await call('incr', name)).toBe('QUEUED');
      expect(await faultOf(...(refused as [string]))).toMatch(/^ERR /);
      expect(await faultOf('exec')).toBe('EXECABORT Transaction discarded because of previous errors.');
    }
    expect(await client.get(name)).toBeNull();
    expect(await faultOf('exec')).toBe('ERR EXEC without MULTI');
    expect(await faultOf('discard')).toBe('ERR DISCARD without MULTI');
    await call('multi');
    expect(await faultOf('multi')).toBe('ERR MULTI calls can not be nested');
    expect(await faultOf('watch', name)).toBe('ERR WATCH inside MULTI is not allowed');
    await call('incr', name);
    expect(await call('discard')).toBe('OK');
    expect(await client.get(name)).toBeNull();
    await call('multi');
    expect(await call('exec')).toEqual([]);
    // An EXEC that is none ends it too.
    await call('multi');
    await call('incr', name);
    expect(await faultOf('exec', 'now')).toBe(
      "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command",
    );
    expect(await client.get(name)).toBeNull();
  });

  it('is bounded, in what is queued and in what is watched, and then does nothing', async () => {
    const own = connected();
    const names = Array.from({ length: 1_000 }, (_, index) => `${name}:${index}`);
    const faultsOf = async (commands: readonly (readonly [string, ...string[]])[]): Promise<unknown[]> => {
      const pipeline = own.pipeline();
      for (const [first, ...args] of commands) pipeline.call(first, ...args);
      return ((await pipeline.exec()) ?? []).flatMap(([error]) => (error === null ? [] : [error.message]));
    };
    const tooLarge = 'ERR the transaction is too large, at most 1000 commands and 10000 names are taken';
    const aborted = 'EXECABORT Transaction discarded because of previous errors.';
    const many = Array<readonly [string]>(1_000).fill(['ping']);
    expect(await faultsOf([['multi'], ...many, ['incr', name], ['exec']])).toEqual([tooLarge, aborted]);
    const wide = Array<readonly [string, ...string[]]>(10).fill(['mget', ...names]);
    expect(await faultsOf([['multi'], ...wide, ['incr', name], ['exec']])).toEqual([tooLarge, aborted]);
    expect(await own.get(name)).toBeNull();
    const watching = names.map((_, index) => ['watch', ...names.map((each) => `${each}:${index}`)] as const);
    expect(await faultsOf([...watching.slice(0, 11), ['unwatch'], ['watch', name]])).toEqual([
      'ERR too many names are watched, at most 10000 are taken',
    ]);
    own.disconnect();
  });

  it('does nothing where a watched counter has changed: one that was there, or was not', async () => {
    const other = connected(1);
    const after = async (change: () => Promise<unknown>): Promise<unknown> => {
      await call('watch', name, `${name}:b`);
      await change();
      await call('multi');
      await call('incr', `${name}:done`);
      return call('exec');
    };
    expect(await after(() => other.get(name))).toEqual([1]);
    expect(await after(() => other.incr(name))).toBeNull();
    expect(await after(() => other.set(name, 1))).toBeNull();
    expect(await after(() => client.set(name, 1))).toBeNull();
    expect(await after(() => other.del(name))).toBeNull();
    expect(await after(async () => (await other.incr(name), await other.del(name)))).toBeNull();
    expect(await after(() => other.incr(`${name}:b`))).toBeNull();
    expect(await after(() => call('unwatch').then(() => other.incr(name)))).toEqual([2]);
    // EXEC forgets what was watched, whatever came of it.
    await other.incr(name);
    await call('multi');
    expect(await call('exec')).toEqual([]);
    other.disconnect();
  });

  it('counts each attempt that was let through, among many that watch and others that count', async () => {
    const [clients, successes] = [6, 8];
    let plain = 0;
    const counters = new Set(['counting']);
    const counting = (async () => {
      const counter = connected(1);
      while (counters.size > 0) {
        await counter.incr(name);
        plain += 1;
      }
      counter.disconnect();
    })();
    const attempts = Array.from({ length: clients }, async (_, index) => {
      const own = connected(index);
      for (let done = 0; done < successes;) {
        await own.watch(name);
        const value = Number(await own.get(name));
        const answers = await own
          .multi()
          .set(name, value + 1)
          .incr(`${name}:through`)
          .exec();
        if (answers !== null) done += 1;
        // Else another one was faster: sooner or later this one is.
        if (done === successes / 2) counters.clear();
      }
      own.disconnect();
    });
    await Promise.all(attempts);
    await counting;
    expect(await client.get(`${name}:through`)).toBe(String(clients * successes));
    expect(await client.get(name)).toBe(String(clients * successes + plain));
  });

  it('never lets two through that each found absent what the other one made', async () => {
    const [one, two] = [connected(0), connected(1)];
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const [a, b] = [`${name}:${attempt}:a`, `${name}:${attempt}:b`];
      await Promise.all([one.watch(a), two.watch(b)]);
      const answers = await Promise.all([one.multi().set(b, 1).exec(), two.multi().set(a, 1).exec()]);
      expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
    }
    one.disconnect();
    two.disconnect();
  });

  it('moves what many move at once, and loses nothing of it', async () => {
    const names = ['a', 'b', 'c', 'd'].map((one) => `${name}:${one}`);
    await client.mset(...names.flatMap((one) => [one, 100]));
    const movers = Array.from({ length: 8 }, async (_, index) => {
      const own = connected(index);
      for (let count = 0; count < 15; count += 1) {
        const from = names[(index + count) % names.length] ?? '';
        const to = names[(index * 3 + count * 2 + 1) % names.length] ?? '';
        const answers = await own
          .multi()
          .decr(from)
          .get(from)
          .incr(to)
          .mget(...names)
          .exec();
        const sum = (answers?.[3]?.[1] as string[]).reduce((total, value) => total + Number(value), 0);
        // All four rows were locked: what it saw is one moment.
        expect(sum).toBe(400);
      }
      own.disconnect();
    });
    await Promise.all(movers);
    const values = await client.mget(...names);
    expect(values.reduce((total, value) => total + Number(value), 0)).toBe(400);
  });
});
