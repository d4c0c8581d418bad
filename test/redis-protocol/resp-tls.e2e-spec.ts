/** The Redis protocol over TLS: for the clients that people have, and held to the bounds of plain connections. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { ANOTHER_AUTHORITY, AUTHORITY, SERVER_CERTIFICATE, SERVER_KEY } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { itInside } from '../support/on-bun.js';
import { findRedisTool, runTool } from '../support/redis-programs.js';
import { command, connectRaw, type RawResp } from '../support/resp.js';
import { withService } from '../support/service.js';

const KEY = 'an-operators-own-key-0123456789';
const CONNECTIONS = 12;

const service = withService({
  env: {
    RESP_PORT: '0',
    RESP_TLS_CERT_FILE: SERVER_CERTIFICATE,
    RESP_TLS_KEY_FILE: SERVER_KEY,
    AUTH: 'required',
    ADMIN_KEY: KEY,
    RATE_LIMIT: 'off',
    CONNECTIONS_PER_ADDRESS: String(CONNECTIONS),
  },
  // This machine is an address like any other.
  strangers: true,
});

const ca = readFileSync(AUTHORITY);

const urlOf = (host = '127.0.0.1'): string => `rediss://:${KEY}@${host}:${service.app.respPort}`;

const faultWith = async (host: string, authority: Buffer): Promise<string> => {
  const client = new Redis(urlOf(host), { tls: { ca: authority }, lazyConnect: true, retryStrategy: null });
  let fault = '';
  client.on('error', (error: NodeJS.ErrnoException) => (fault = error.code ?? error.message));
  // One that failed has ended; to end it again leaves a timer behind.
  await client.connect().then(
    () => client.disconnect(),
    () => undefined,
  );
  return fault;
};

/** An address gets its places back a moment after its connections were closed. */
const untilConnected = async <T>(connect: () => Promise<T>): Promise<T> => {
  const made: T[] = [];
  await eventually(async () => made.push(await connect()) > 0);
  return made[0] as T;
};

const connectOnce = async (): Promise<Redis> => {
  const client = new Redis(urlOf(), { tls: { ca }, lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

describe('clients over TLS', () => {
  it.each([2, 3] as const)('ioredis over RESP%i counts, in pipelines of many records too', async (protocol) => {
    const client = new Redis(urlOf(), { protocol, tls: { ca } });
    const name = `ioredis:${protocol}`;
    const pipeline = client.pipeline();
    for (let count = 0; count < 5_000; count += 1) pipeline.incr(name);
    const answers = (await pipeline.exec()) ?? [];
    expect(answers.map(([, answer]) => answer)).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
    expect(await client.get(name)).toBe('5000');
    client.disconnect();
  });

  it.each([2, 3] as const)('node-redis over RESP%i counts', async (RESP) => {
    const client = createClient({ url: urlOf(), RESP, socket: { tls: true, ca } });
    await client.connect();
    expect(await client.multi().incr(`node-redis:${RESP}`).get(`node-redis:${RESP}`).exec()).toEqual([1, '1']);
    client.destroy();
  });

  it('redis-cli counts', async () => {
    const tool = findRedisTool('redis-cli');
    if (tool === null) {
      console.warn('skipped: redis-cli cannot be had here');
      return;
    }
    const args = ['--tls', '--cacert', AUTHORITY, '-p', String(service.app.respPort), '--no-auth-warning', '-a', KEY];
    expect((await runTool(tool, [...args, 'incr', 'cli'])).out.trim()).toBe('1');
  });

  it('do not trust a service of another authority, or under another name', async () => {
    expect(await faultWith('127.0.0.1', ca)).toBe('');
    expect(await faultWith('127.0.0.1', readFileSync(ANOTHER_AUTHORITY))).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await faultWith('localhost', ca)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });
});

describe('the port that speaks TLS', () => {
  it('hangs up on who speaks plainly, hears nothing of it, and keeps no place for it', async () => {
    for (let count = 0; count < 2 * CONNECTIONS; count += 1) {
      const raw = await connectRaw(service.app.respPort);
      raw.send(command('auth', KEY) + command('incr', 'plain'));
      await eventually(() => raw.isClosed());
      expect(raw.received()).not.toMatch(/OK|:1/);
    }
    const client = new Redis(urlOf(), { tls: { ca } });
    expect(await client.get('plain')).toBeNull();
    client.disconnect();
  });

  it('takes no more connections of an address than plain ones, those that say nothing counted', async () => {
    const silent: RawResp[] = [];
    await eventually(async () => {
      silent.push(await connectRaw(service.app.respPort));
      return /^(ECONNRESET|EPIPE)$/.test(await faultWith('127.0.0.1', ca));
    });
    // On a slow machine the first ones are closed by then, since they never shook hands.
    expect(silent.filter((raw) => !raw.isClosed()).length).toBeLessThanOrEqual(CONNECTIONS);
    for (const raw of silent) raw.close();
    await eventually(async () => (await faultWith('127.0.0.1', ca)) === '');
  });

  it('closes who takes nothing of its answers, and serves the others', async () => {
    const raw = await untilConnected(() => connectRaw(service.app.respPort, { ca }));
    await raw.ask(command('auth', KEY), '+OK\r\n');
    raw.socket.pause();
    const message = command('echo', 'x'.repeat(512)).repeat(1_000);
    await eventually(() => {
      if (!raw.isClosed()) raw.send(message);
      return raw.isClosed();
    });
    const client = await untilConnected(connectOnce);
    expect(await client.incr('others')).toBe(1);
    client.disconnect();
  });

  itInside('answers what was accepted before it ends', async () => {
    const client = await untilConnected(connectOnce);
    const answers = Array.from({ length: 2_000 }, () => client.incr('drained').catch(() => null));
    await answers[0];
    await service.app.resp.drain();
    const told = (await Promise.all(answers)).filter((answer) => answer !== null);
    expect(told).toEqual(Array.from({ length: told.length }, (_, index) => index + 1));
    const headers = { authorization: `Bearer ${KEY}` };
    const { body } = await send(service.app.url, 'GET', '/v1/counters/drained', { headers });
    expect(JSON.parse(body)).toMatchObject({ value: told.length });
  });
});
