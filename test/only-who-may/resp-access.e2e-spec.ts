/** The same keys, scopes, prefixes and limits as over HTTP, for every command of the Redis protocol. */
import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { KeyAdministration } from '../../src/access/key-administration.js';
import type { Scope } from '../../src/domain/scope.js';
import { startApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { command, connectRaw } from '../support/resp.js';
import { withService } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';

const service = withService({ inside: true, env: { RESP_PORT: '0', AUTH: 'required', ADMIN_KEY, RATE_LIMIT: 'off' } });

const keyWith = async (scopes: readonly Scope[], prefix = ''): Promise<{ id: string; key: string }> =>
  service.app.nest.get(KeyAdministration).create({ label: 'test', scopes, prefix, expiresAt: null });

const connected = (key: string, protocol: 2 | 3 = 3): Redis => {
  const client = new Redis(service.app.respPort, '127.0.0.1', { password: key, protocol, retryStrategy: null });
  client.on('error', () => undefined);
  return client;
};

const faultOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    (answer) => `no error: ${String(answer)}`,
    (error: unknown) => (error as Error).message,
  );

describe('keys over the Redis protocol', () => {
  it('answers nobody who has not said who asks', async () => {
    const raw = await connectRaw(service.app.respPort);
    for (const asked of [
      ['get', 'a'],
      ['ping'],
      ['incr', 'a'],
      ['command'],
      ['info'],
      ['client', 'list'],
      ['hello', 3],
    ]) {
      expect(await raw.ask(command(...asked), '\r\n')).toMatch(/^-NOAUTH /);
    }
    expect(await raw.ask(command('nonsense'), '\r\n')).toMatch(/^-ERR unknown command/);
    expect(await raw.ask(command('auth', 'ec_wrong'), '\r\n')).toMatch(/^-WRONGPASS /);
    expect(await raw.ask(command('auth', 'somebody', ADMIN_KEY), '\r\n')).toBe('+OK\r\n');
    expect(await raw.ask(command('incr', 'a'), '\r\n')).toBe(':1\r\n');
    expect(await raw.ask(command('auth', 'ec_wrong'), '\r\n')).toMatch(/^-WRONGPASS /);
    expect(await raw.ask(command('incr', 'a'), '\r\n')).toBe(':2\r\n');
    expect(await raw.ask(command('reset'), '\r\n')).toBe('+RESET\r\n');
    expect(await raw.ask(command('incr', 'a'), '\r\n')).toMatch(/^-NOAUTH /);
    expect(await raw.ask(command('hello', 3, 'AUTH', 'default', ADMIN_KEY), '*0\r\n')).toMatch(/^%7\r\n/);
    expect(await raw.ask(command('get', 'b'), '\r\n')).toBe('_\r\n');
    raw.close();
  });

  it('holds each command to the scopes of the key', async () => {
    const reader = connected((await keyWith(['read'])).key);
    const writer = connected((await keyWith(['write'])).key, 2);
    expect(await writer.incr('scoped')).toBe(1);
    expect(await reader.get('scoped')).toBe('1');
    for (const call of [
      reader.incr('scoped'),
      reader.set('scoped', 1),
      reader.del('scoped'),
      reader.mset('scoped', 2),
    ]) {
      expect(await faultOf(call)).toMatch(/^NOPERM /);
    }
    for (const call of [writer.get('scoped'), writer.mget('scoped'), writer.exists('scoped')]) {
      expect(await faultOf(call)).toMatch(/^NOPERM /);
    }
    expect(await reader.get('scoped')).toBe('1');
    reader.disconnect();
    writer.disconnect();
  });

  it('holds every name of a command to the prefix of the key', async () => {
    const client = connected((await keyWith(['read', 'write'], 'shop:')).key);
    expect(await client.mset('shop:a', 1, 'shop:b', 2)).toBe('OK');
    for (const call of [
      client.get('bank:a'),
      client.incr('shop'),
      client.mget('shop:a', 'bank:a'),
      client.mset('shop:a', 5, 'Shop:b', 6),
      client.del('shop:a', 'bank:a'),
      client.exists('shop;'),
    ]) {
      expect(await faultOf(call)).toMatch(/^NOPERM /);
    }
    expect(await client.mget('shop:a', 'shop:b')).toEqual(['1', '2']);
    client.disconnect();
  });

  it('shows and ends connections of the same key alone', async () => {
    const { key } = await keyWith(['read']);
    const [one, two, other] = [connected(key), connected(key), connected((await keyWith(['read'])).key)];
    const ids = await Promise.all([one, two, other].map((client) => client.client('ID')));
    const listed = String(await one.client('LIST'));
    expect([...listed.matchAll(/^id=(\d+)/gm)].map(([, id]) => Number(id)).sort()).toEqual(ids.slice(0, 2).sort());
    expect(await one.client('KILL', 'ID', ids[2] ?? 0)).toBe(0);
    expect(await other.ping()).toBe('PONG');
    expect(await one.client('KILL', 'ID', ids[1] ?? 0)).toBe(1);
    await eventually(() => two.status === 'end');
    for (const client of [one, two, other]) client.disconnect();
  });

  it('lets no increment overtake one that is decided by itself, though a batch takes only so many of one key', async () => {
    const client = connected((await keyWith(['read', 'write'])).key);
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    await send(service.app.url, 'PUT', '/v1/counters/overtaken', { headers, json: { value: 9, max: 10 } });
    const count = 900;
    const pipeline = client.pipeline();
    for (let index = 0; index < count; index += 1) pipeline.incr('overtaken');
    for (let index = 0; index < count; index += 1) pipeline.decr('overtaken');
    const answers = ((await pipeline.exec()) ?? []).map(([error, answer]) => error?.message ?? answer);
    const refused = Array<string>(count - 1).fill('ERR value is out of bounds');
    expect(answers).toEqual([10, ...refused, ...Array.from({ length: count }, (_, index) => 9 - index)]);
    client.disconnect();
  });

  it('lets nobody on with a key that was revoked', async () => {
    const { id, key } = await keyWith(['write']);
    const client = connected(key);
    expect(await client.incr('revoked')).toBe(1);
    await service.app.nest.get(KeyAdministration).revoke(id);
    await eventually(async () => /^NOAUTH /.test(await faultOf(client.incr('revoked'))));
    client.disconnect();
  });
});

describe('limits over the Redis protocol', () => {
  it('counts commands, of a key and of strangers, and says when to come back', async () => {
    const limited = await startApp({
      inside: true,
      databaseUrl: await createTestDatabase(),
      redisUrl: service.redis.url,
      env: { RESP_PORT: '0', AUTH: 'required', ADMIN_KEY, RATE_LIMIT_PER_KEY: '5', RATE_LIMIT_PER_ADDRESS: '100' },
    });
    try {
      const raw = await connectRaw(limited.respPort);
      await raw.ask(command('auth', ADMIN_KEY), '+OK\r\n');
      const answers = (await raw.ask(command('incr', 'limited').repeat(200), /retry after \d+ s\r\n$/)).split('\r\n');
      const counted = answers.filter((answer) => answer.startsWith(':')).length;
      expect(counted).toBeGreaterThanOrEqual(49);
      expect(counted).toBeLessThan(100);
      expect(answers.find((answer) => answer.startsWith('-'))).toMatch(/^-LIMIT .* retry after \d+ s$/);
      raw.close();
      // A transaction of which a part was refused is not done, and ended by EXEC although that was refused too.
      const created = await limited.nest
        .get(KeyAdministration)
        .create({ label: 'test', scopes: ['read', 'increment'], prefix: '', expiresAt: null });
      const transacting = await connectRaw(limited.respPort);
      await transacting.ask(command('auth', created.key), '+OK\r\n');
      const parts = command('multi') + command('incr', 'in-part').repeat(150) + command('exec');
      expect(await transacting.ask(parts, /^(.*\r\n){152}$/)).toMatch(/^-LIMIT [^]*\r\n-EXECABORT [^\r]*\r\n$/m);
      let found = '';
      await eventually(async () => {
        found = await transacting.ask(command('get', 'in-part'), '\r\n');
        return !found.startsWith('-LIMIT');
      });
      expect(found).toBe('$-1\r\n');
      transacting.close();
      // Ten bad keys cost as much as over HTTP; whoever is known goes on.
      const stranger = await connectRaw(limited.respPort);
      const wrong = `ec_${'0'.repeat(13)}_`;
      const { key } = await limited.nest
        .get(KeyAdministration)
        .create({ label: 'test', scopes: ['read'], prefix: '', expiresAt: null });
      const tries = Array.from({ length: 40 }, () => command('auth', `${wrong}${'1'.repeat(57)}`)).join('');
      const told = await stranger.ask(tries, /^(-.*\r\n){40}$/);
      expect(told).toMatch(/-LIMIT Too many bad keys by this address/);
      expect(await stranger.ask(command('auth', key), '\r\n')).toMatch(/^-LIMIT /);
      stranger.close();
    } finally {
      await limited.stop();
    }
  });

  it('counts the connections of an address over both ports together', async () => {
    const small = await startApp({
      databaseUrl: await createTestDatabase(),
      redisUrl: service.redis.url,
      env: { RESP_PORT: '0', CONNECTIONS_PER_ADDRESS: '3' },
      strangers: true,
    });
    try {
      const http = await connectRaw(Number(new URL(small.url).port));
      // In the middle of its second request it is kept for a while.
      await http.ask('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez', /^HTTP\/1\.1 200 /);
      const [one, two] = [await connectRaw(small.respPort), await connectRaw(small.respPort)];
      const three = await connectRaw(small.respPort);
      await eventually(() => three.isClosed());
      expect(await two.ask(command('ping'), '\r\n')).toBe('+PONG\r\n');
      http.close();
      await eventually(async () => {
        const four = await connectRaw(small.respPort);
        const answer = await Promise.race([
          four.ask(command('ping'), '\r\n'),
          eventually(() => four.isClosed()).then(() => 'closed'),
        ]);
        four.close();
        return answer === '+PONG\r\n';
      });
      for (const raw of [one, two]) raw.close();
    } finally {
      await small.stop();
    }
  });
});
