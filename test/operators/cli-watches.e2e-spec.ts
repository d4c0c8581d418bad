/** Watches and webhooks by the command line. */
import { expect, it } from '@jest/globals';
import { type CliResult, runCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withReceiver } from '../support/receiver.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-admin-key-for-this-test';

const service = withService({ env: { AUTH: 'required', ADMIN_KEY, WEBHOOK_ALLOW: '127.0.0.1' } });
const receiver = withReceiver();

const cli = (...args: readonly string[]): Promise<CliResult> =>
  runCli(args, { env: { EVERCOUNT_URL: service.app.url, EVERCOUNT_KEY: ADMIN_KEY } });

async function json<T>(...args: readonly string[]): Promise<T> {
  const { out, err } = await cli(...args, '--json');
  if (out === '') throw new Error(err);
  return JSON.parse(out) as T;
}

interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly attempts: number;
}

/** As it is printed: people copy it out of the table. */
async function webhook(path: string, label: string): Promise<string> {
  const { code, out, err } = await cli('webhooks', 'create', receiver.url(path), '--label', label);
  expect([code, out]).toEqual([0, expect.stringMatching(/^whsec_\S+\n$/)]);
  return /the webhook (wh_\S+);/.exec(err)?.[1] ?? '';
}

it('a watch is made, fires, says when it did, is muted, and is gone', async () => {
  const hook = await webhook('/pager', 'the pager');
  await cli('incr', 'errors', '5');
  const made = await cli('watches', 'create', 'errors', '--above', '10', '--notify', hook, '--label', 'too many');
  expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^w_\S+\n$/)]);
  const id = made.out.trim();
  await eventually(async () => (await cli('watches', 'list')).out.includes(' ok '));
  const quiet = await cli('watches', 'list');
  expect([quiet.code, quiet.out]).toEqual([0, expect.stringMatching(/too many +errors +\{"above":10\} +ok/)]);

  await cli('incr', 'errors', '6');
  await eventually(async () => (await cli('watches', 'list')).code === 2);
  expect((await cli('watches', 'list')).out).toMatch(/ firing +20\d\d-\S+ +1\n/);
  expect(await json('watches', 'list', 'errors', '--state', 'firing')).toMatchObject([{ id }]);
  expect(await json('watches', 'list', 'orders')).toEqual([]);
  await eventually(() => Promise.resolve(receiver.told('/pager').length === 1));
  expect((await cli('watches', 'history', id)).out).toMatch(/errors +ok +firing +11\n/);
  expect(await json('watches', 'history', id)).toMatchObject([{ to: 'firing', observed: 11 }, { to: 'ok' }]);

  expect((await cli('watches', 'mute', id)).err).toContain(`${id} is muted`);
  const muted = await cli('watches', 'list');
  expect([muted.code, muted.out]).toEqual([0, expect.stringContaining('firing (muted)')]);
  expect(await json('watches', 'unmute', id)).toMatchObject({ id, muted: false });
  expect(await json('watches', 'delete', id)).toEqual({ deleted: id });
  expect((await cli('watches', 'list')).err).toContain('there are none');
  expect((await cli('watches', 'history', id)).code).not.toBe(0);
});

it('a key sees what is said of its own names, and not of shorter beginnings of them', async () => {
  await cli('watches', 'create', 'sho', '--prefix', '--above', '1');
  const own = (await cli('watches', 'create', 'shop:', '--prefix', '--above', '1')).out.trim();
  const { body } = await send(service.app.url, 'POST', '/v1/keys', {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    json: { label: 'shop', scopes: ['read'], prefix: 'shop:' },
  });
  const { secret } = JSON.parse(body) as { secret: string };
  const env = { EVERCOUNT_URL: service.app.url, EVERCOUNT_KEY: secret };
  for (const args of [['list'], ['list', 'shop:a']]) {
    expect(JSON.parse((await runCli(['watches', ...args, '--json'], { env })).out)).toMatchObject([{ id: own }]);
  }
});

it('what is no number is a fault of the command line', async () => {
  for (const limit of ['', '1e3', '0x10', '9007199254740992'])
    expect([limit, (await cli('watches', 'create', 'typed', '--above', limit)).code]).toEqual([limit, 64]);
  expect(await json('watches', 'list', 'typed')).toEqual([]);
});

it('each kind of condition can be said', async () => {
  const said = async (...args: readonly string[]): Promise<unknown> => {
    const watch = await json<{ id: string; when: unknown; prefix: string | null; for: string }>(
      ...['watches', 'create', ...args],
    );
    await cli('watches', 'delete', watch.id);
    return watch;
  };
  expect(await said('queue:', '--prefix', '--above', '5000')).toMatchObject({
    prefix: 'queue:',
    name: null,
    when: { above: 5000 },
  });
  expect(await said('balance', '--below', '-5')).toMatchObject({ when: { below: -5 } });
  expect(await said('errors', '--rate', '1h', '--above', '100', '--for', '5m')).toMatchObject({
    when: { rate: { over: '1h', above: 100 } },
    for: '5m',
  });
  expect(await said('sign-ups', '--silent', '2h')).toMatchObject({ when: { silent: '2h' } });
  expect(await said('orders', '--unexpected', '2')).toMatchObject({ when: { unexpected: { hours: 2 } } });
});

it.each([
  [['errors'], 64, /say when it fires/],
  [['errors', '--above', 'many'], 64, /takes an integer/],
  [['errors', '--above', '1', '--below', '0'], 64, /by one of/],
  [['errors', '--above', '1', '--silent', '1h'], 64, /by one of/],
  [['errors', '--rate', '1h'], 64, /by one of/],
  [['errors', '--rate', '1h', '--unexpected', '2'], 64, /by one of/],
  [['errors', '--above', '1', '--notify', 'wh_0'], 64, /no webhook wh_0/],
])('%j makes no watch, and says why', async (args, code, why) => {
  const answer = await cli('watches', 'create', ...args);
  expect([answer.code, answer.err]).toEqual([code, expect.stringMatching(why)]);
});

it('a webhook is tried out, sent to again, given another secret, put out of use and removed', async () => {
  const hook = await webhook('/tried', 'tried');
  expect((await cli('webhooks', 'list')).out).toMatch(new RegExp(`${hook} +tried +http://127.0.0.1:\\d+/tried +good`));
  expect((await cli('webhooks', 'test', hook)).err).toMatch(/^the message msg_\S+ is on its way/);
  const deliveries = () => json<Delivery[]>('webhooks', 'deliveries', hook);
  await eventually(async () => (await deliveries())[0]?.state === 'delivered');
  const [first] = await deliveries();
  expect((await cli('webhooks', 'deliveries', hook)).out).toMatch(/webhook\.test +20\S+ +delivered +1 +204/);
  expect((await cli('webhooks', 'send', hook, first?.id ?? '')).code).toBe(0);
  await eventually(() => Promise.resolve(receiver.at('/tried').length === 2));
  expect((await cli('webhooks', 'rotate', hook, '--overlap-hours', '1')).out).toMatch(/^whsec_\S+\n$/);
  await cli('webhooks', 'disable', hook);
  expect((await cli('webhooks', 'list')).out).toMatch(/disabled 20\d\d-/);
  await cli('webhooks', 'enable', hook);
  expect((await cli('webhooks', 'list')).out).toMatch(/tried +good/);
  expect((await cli('webhooks', 'delete', hook)).code).toBe(0);
  expect((await cli('webhooks', 'deliveries', hook)).code).not.toBe(0);
  expect((await cli('webhooks', 'create', 'http://10.0.0.1/')).err).toMatch(/public address/);
});
