/** What is to be told is told: signed, again after a failure, to no place that it must not reach, and never forgotten. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../support/eventually.js';
import { type Received, withReceiver } from '../support/receiver.js';
import { withService } from '../support/service.js';

interface Hook {
  readonly id: string;
  readonly secret: string;
  readonly disabledWhy: string | null;
}

interface Delivery {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly nextAt: string | null;
  readonly lastStatus: number | null;
  readonly lastFault: string | null;
}

const service = withService({ env: { WEBHOOK_ALLOW: '127.0.0.1' } });
const receiver = withReceiver();
let database: pg.Client;

beforeAll(async () => {
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});
afterAll(() => database.end());

const call = <T>(method: string, path: string, body?: unknown) =>
  service.calls.call<T>(method, `/v1/webhooks${path}`, body);

async function made(url: string): Promise<Hook> {
  const { status, text, body } = await call<Hook>('POST', '', { url, label: 'a receiver' });
  expect([status, text]).toEqual([201, text]);
  return body;
}

const test = async ({ id }: Hook) => (await call<Delivery>('POST', `/${id}/test`)).body.id;

const deliveries = async ({ id }: Hook) =>
  (await call<{ data: readonly Delivery[] }>('GET', `/${id}/deliveries`)).body.data;

const delivery = async (hook: Hook, id: string) => (await deliveries(hook)).find((one) => one.id === id);

const arrives = (path: string, count = 1) => eventually(() => Promise.resolve(receiver.at(path).length >= count));

const verified = ({ body, headers }: Received, secret: string) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

/** What the log says of a webhook, for a person to act on. */
const faultsOf = (webhook: string) =>
  service.app.log
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .filter((line) => line['level'] === 'error' && line['webhook'] === webhook);

/** As if the pause before the next try were over. */
const hurry = (id: string) => database.query('UPDATE webhook_deliveries SET due_at = now() WHERE id = $1', [id]);

describe('a message', () => {
  it('is signed by the secret that was told once, and noted as delivered', async () => {
    const hook = await made(receiver.url('/plain'));
    expect(hook.secret).toMatch(/^whsec_/);
    expect((await call('GET', `/${hook.id}`)).text).not.toContain('whsec_');
    const id = await test(hook);
    await arrives('/plain');
    const [message] = receiver.at('/plain');
    if (message === undefined) throw new Error('nothing came');
    expect(verified(message, hook.secret)).toMatchObject({ type: 'webhook.test', data: { webhook: hook.id } });
    expect(message.headers).toMatchObject({ 'webhook-id': id, 'content-type': 'application/json' });
    await eventually(async () => (await delivery(hook, id))?.state === 'delivered');
    expect(await delivery(hook, id)).toMatchObject({ attempts: 1, lastStatus: 204, lastFault: null, nextAt: null });
  });

  it('is sent again under its own id, once somebody asks for it', async () => {
    const hook = await made(receiver.url('/again'));
    const id = await test(hook);
    await eventually(async () => (await delivery(hook, id))?.state === 'delivered');
    expect((await call('POST', `/${hook.id}/deliveries/${id}/send`)).status).toBe(202);
    await arrives('/again', 2);
    expect(receiver.at('/again').map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
    expect((await call('POST', `/${hook.id}/deliveries/msg_other/send`)).status).toBe(404);
  });

  it('is signed with both secrets while they change, and then with the new one alone', async () => {
    const hook = await made(receiver.url('/rotated'));
    const { secret } = (await call<Hook>('POST', `/${hook.id}/rotate`, {})).body;
    await test(hook);
    await arrives('/rotated');
    const [first] = receiver.at('/rotated');
    if (first === undefined) throw new Error('nothing came');
    for (const each of [hook.secret, secret]) expect(verified(first, each)).toBeDefined();
    const last = (await call<Hook>('POST', `/${hook.id}/rotate`, { overlapMs: 0 })).body.secret;
    await test(hook);
    await arrives('/rotated', 2);
    const [, second] = receiver.at('/rotated');
    if (second === undefined) throw new Error('nothing came');
    expect(verified(second, last)).toBeDefined();
    expect(() => verified(second, secret)).toThrow();
  });
});

describe('a receiver that', () => {
  it.each([500, 404, 302])('answers %d is tried again, and once it is well it is told', async (status) => {
    const path = `/status-${status}`;
    receiver.answer(path, (response) => response.writeHead(status, { location: receiver.url('/elsewhere') }).end());
    const hook = await made(receiver.url(path));
    const id = await test(hook);
    await eventually(async () => (await delivery(hook, id))?.lastStatus === status);
    expect(await delivery(hook, id)).toMatchObject({ state: 'waiting', lastFault: `it answered ${status}` });
    receiver.answer(path, (response) => response.writeHead(200).end('thanks'));
    await hurry(id);
    await eventually(async () => (await delivery(hook, id))?.state === 'delivered');
    expect(receiver.at('/elsewhere')).toEqual([]);
  });

  it('answers 410 is told nothing any more', async () => {
    receiver.answer('/gone', (response) => response.writeHead(410).end());
    const hook = await made(receiver.url('/gone'));
    const id = await test(hook);
    await eventually(async () => (await delivery(hook, id))?.state === 'failed');
    expect((await call<Hook>('GET', `/${hook.id}`)).body.disabledWhy).toMatch(/410/);
    // Nobody is told of what fires now, until somebody reads that.
    await eventually(() => faultsOf(hook.id).length === 1);
    // Somebody mends it, and says so.
    receiver.answer('/gone', (response) => response.writeHead(204).end());
    expect((await call<Hook>('PATCH', `/${hook.id}`, { disabled: false })).body.disabledWhy).toBeNull();
    await call('POST', `/${hook.id}/deliveries/${id}/send`);
    await eventually(async () => (await delivery(hook, id))?.state === 'delivered');
  });

  it('was disabled for longer than a day is not told then what is long over', async () => {
    const hook = await made(receiver.url('/resting'));
    await call('PATCH', `/${hook.id}`, { disabled: true });
    const [late, timely] = [await test(hook), await test(hook)];
    await database.query('UPDATE webhook_deliveries SET give_up_at = now() WHERE id = $1', [late]);
    await call('PATCH', `/${hook.id}`, { disabled: false });
    await eventually(async () => (await delivery(hook, timely))?.state === 'delivered');
    expect(await delivery(hook, late)).toMatchObject({ state: 'failed', attempts: 0 });
    expect(receiver.at('/resting')).toHaveLength(1);
  });

  it('was disabled when a watch fired is told once it is enabled again', async () => {
    const hook = await made(receiver.url('/unheard'));
    await call('PATCH', `/${hook.id}`, { disabled: true });
    const wish = { name: 'unheard', when: { above: 5 }, notify: [hook.id] };
    const watch = await service.calls.call<{ id: string }>('POST', '/v1/watches', wish);
    await service.calls.increment('unheard', 9);
    await eventually(
      async () =>
        (await service.calls.call<{ state: string }>('GET', `/v1/watches/${watch.body.id}`)).body.state === 'firing',
    );
    await call('PATCH', `/${hook.id}`, { disabled: false });
    await eventually(() => Promise.resolve(receiver.told('/unheard').length === 1));
    expect(receiver.told('/unheard')).toMatchObject([{ type: 'watch.firing', data: { observed: 9 } }]);
  });

  it('hangs holds up no other', async () => {
    receiver.answer('/hanging', () => undefined);
    const hanging = await made(receiver.url('/hanging'));
    const ids = await Promise.all(Array.from({ length: 20 }, () => test(hanging)));
    await arrives('/hanging');
    const other = await made(receiver.url('/prompt'));
    await test(other);
    await arrives('/prompt');
    await eventually(async () => (await deliveries(hanging)).some(({ lastFault }) => lastFault !== null));
    const [tried] = (await deliveries(hanging)).filter(({ lastFault }) => lastFault !== null);
    expect(tried).toMatchObject({ state: 'waiting', lastStatus: null, lastFault: 'there was no answer within 10 s' });
    expect(ids).toHaveLength(20);
  });

  it('sends without an end is left, and counts as told', async () => {
    receiver.answer('/endless', (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(Buffer.alloc(65_536)), 1);
      response.on('close', () => clearInterval(timer));
    });
    const hook = await made(receiver.url('/endless'));
    const id = await test(hook);
    await eventually(async () => (await delivery(hook, id))?.state === 'delivered');
  });

  it('wants to speak another protocol has not taken it', async () => {
    receiver.answer('/upgrading', ({ socket }) => {
      socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
    });
    const hook = await made(receiver.url('/upgrading'));
    const id = await test(hook);
    await eventually(async () => (await delivery(hook, id))?.lastFault === 'it answered 101');
    expect(await delivery(hook, id)).toMatchObject({ state: 'waiting', lastStatus: 101 });
  });

  it('is not there is given up after a day', async () => {
    const hook = await made('http://127.0.0.1:9/');
    const id = await test(hook);
    await eventually(async () => (await delivery(hook, id))?.lastFault?.includes('ECONNREFUSED') === true);
    await database.query('UPDATE webhook_deliveries SET give_up_at = now() WHERE id = $1', [id]);
    await hurry(id);
    await eventually(async () => (await delivery(hook, id))?.state === 'failed');
    await eventually(() => faultsOf(hook.id).some((line) => line['id'] === id));
  });
});

describe('an address', () => {
  it.each([
    'http://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::ffff:10.0.0.1]/',
    'http://[::1]/',
  ])('%s is refused', async (url) => {
    const { status, text } = await call('POST', '', { url });
    expect([status, text]).toEqual([400, expect.stringContaining('public address')]);
  });

  it('that is none is refused', async () => {
    for (const url of ['example.org', 'ftp://example.org/', 'https://example.org/\0', 'https://example.org/\n'])
      expect([url, (await call('POST', '', { url })).status]).toEqual([url, 400]);
  });

  it('that becomes one inside by its name is not reached', async () => {
    const before = receiver.received.length;
    const port = new URL(receiver.url('/')).port;
    // "localhost" leads to ::1 as well as to 127.0.0.1 here or there; only the latter was named.
    const hook = await made(`http://localhost.localdomain.invalid:${port}/inside`);
    const id = await test(hook);
    await eventually(async () => (await delivery(hook, id))?.lastFault === 'the host has no address');
    expect(receiver.received.slice(before).filter(({ path }) => path === '/inside')).toEqual([]);
  });
});

it('what waits outlives a flush of Redis', async () => {
  receiver.answer('/flushed', (response) => response.writeHead(503).end());
  const hook = await made(receiver.url('/flushed'));
  const id = await test(hook);
  await eventually(async () => (await delivery(hook, id))?.lastStatus === 503);
  const redis = new Redis(service.redis.url);
  await redis.flushall().finally(() => redis.disconnect());
  receiver.answer('/flushed', (response) => response.writeHead(204).end());
  await hurry(id);
  await eventually(async () => (await delivery(hook, id))?.state === 'delivered');
});

it('a webhook that is removed is told nothing, and no watch names it any more', async () => {
  const hook = await made(receiver.url('/removed'));
  const watch = await service.calls.call<{ id: string }>('POST', '/v1/watches', {
    name: 'some',
    when: { above: 1 },
    notify: [hook.id],
  });
  expect((await call('DELETE', `/${hook.id}`)).status).toBe(204);
  const { notify } = (await service.calls.call<{ notify: string[] }>('GET', `/v1/watches/${watch.body.id}`)).body;
  expect(notify).toEqual([]);
  expect((await call('GET', `/${hook.id}`)).status).toBe(404);
});
