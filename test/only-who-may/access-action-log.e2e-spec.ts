/** What somebody did, and who was refused, can be found out later; and nobody can fill the disk with it. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { LINES_PER_MINUTE } from '../../src/access/action-log.js';
import { SCOPES } from '../../src/domain/scope.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const ADDRESS = '192.0.2.7';

const service = withService({ inside: true, env: { AUTH: 'required', ADMIN_KEY, TRUSTED_PROXIES: '127.0.0.1' } });

type Line = Readonly<Record<string, unknown>>;

const lines = (): Line[] => service.app.log.map((line) => JSON.parse(line) as Line);
const linesOf = (requestId: string) => lines().filter((line) => line['requestId'] === requestId);
const made = () =>
  service.app.nest.get(KeyAdministration).create({ label: 'traced', scopes: SCOPES, prefix: '', expiresAt: null });

const call = (
  key: string,
  method: string,
  path: string,
  id: string,
  json?: unknown,
  more: Record<string, string> = {},
) =>
  send(service.app.url, method, path, {
    headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': ADDRESS, 'x-request-id': id, ...more },
    ...(json === undefined ? {} : { json }),
  });

describe('the log tells', () => {
  it('who set, reset and deleted which counter, from where, and of which request', async () => {
    const { id: keyId, key } = await made();
    const counter = 'a counter/with %';
    const path = `/v1/counters/${encodeURIComponent(counter)}`;
    const once = { 'idempotency-key': 'once' };
    for (const id of ['set', 'replay']) await call(key, 'PUT', path, id, { value: 1 }, once);
    await call(key, 'POST', `${path}/reset`, 'reset');
    await call(key, 'DELETE', path, 'delete');
    await call(key, 'DELETE', path, 'too late');
    for (const [id, msg] of [
      ['set', 'counter set'],
      ['reset', 'counter reset'],
      ['delete', 'counter deleted'],
    ] as const) {
      expect(linesOf(id)).toMatchObject([{ level: 'info', msg, keyId, address: ADDRESS, counter }]);
    }
    expect([...linesOf('replay'), ...linesOf('too late')]).toEqual([]);
  });

  it('who made, changed and removed which watch, and operated the service', async () => {
    const { id: keyId, key } = await made();
    const watch = await call(key, 'POST', '/v1/watches', 'watch', { name: 'watched', when: { above: 5 } });
    const { id } = JSON.parse(watch.body) as { id: string };
    await call(key, 'PATCH', `/v1/watches/${id}`, 'mute', { muted: true });
    await call(key, 'PUT', `/v1/watches/${id}`, 'unfit', { name: 'watched', when: { silent: '1s' } });
    await call(key, 'DELETE', `/v1/watches/${id}`, 'remove');
    await call(key, 'DELETE', `/v1/watches/${id}`, 'too late to remove');
    for (const [requestId, msg] of [
      ['watch', 'watch made'],
      ['mute', 'watch changed'],
      ['remove', 'watch removed'],
    ] as const) {
      expect(linesOf(requestId)).toMatchObject([{ level: 'info', msg, keyId, address: ADDRESS, watch: id }]);
    }
    expect([...linesOf('unfit'), ...linesOf('too late to remove')]).toEqual([]);
    await call(ADMIN_KEY, 'POST', '/v1/admin/cache/reconcile', 'operate');
    expect(linesOf('operate')).toContainEqual(expect.objectContaining({ msg: 'admin action', address: ADDRESS }));
  });

  it('who signed in and out, and which keys began and ended', async () => {
    const { id: keyId, key } = await made();
    expect(lines()).toContainEqual(expect.objectContaining({ msg: 'key made', keyId }));
    const headers = { 'x-forwarded-for': ADDRESS };
    const answer = await send(service.app.url, 'POST', '/v1/session', {
      json: { key },
      headers: { ...headers, 'x-request-id': 'in' },
    });
    const cookie = answer.headers['set-cookie']?.split(';', 1)[0] ?? '';
    await send(service.app.url, 'DELETE', '/v1/session', { headers: { ...headers, cookie, 'x-request-id': 'out' } });
    expect(linesOf('in')).toMatchObject([{ msg: 'signed in', keyId, address: ADDRESS }]);
    expect(linesOf('out')).toMatchObject([{ msg: 'signed out', keyId, address: ADDRESS }]);
    await call(key, 'GET', '/v1/session', 'known');
    await service.app.nest.get(KeyAdministration).rotate(keyId);
    await service.app.nest.get(KeyAdministration).revoke(keyId);
    for (const msg of ['key rotated', 'key revoked', 'key or session over']) {
      await eventually(() => lines().some((line) => line['msg'] === msg && line['keyId'] === keyId));
    }
  });
});

describe('what happens all the time is counted', () => {
  const SETS = 3 * LINES_PER_MINUTE;
  const REFUSED = 40;
  let keyId: string;

  beforeAll(async () => {
    const made0 = await made();
    keyId = made0.id;
    for (let turn = 0; turn < SETS; turn += 1)
      await call(made0.key, 'PUT', '/v1/counters/often', 'often', { value: turn });
    const { key: narrow } = await service.app.nest
      .get(KeyAdministration)
      .create({ label: 'narrow', scopes: ['read'], prefix: '', expiresAt: null });
    for (let turn = 0; turn < REFUSED; turn += 1) {
      await call('nobody', 'GET', '/v1/counters', 'refused');
      await call(narrow, 'PUT', '/v1/counters/often', 'refused', { value: 1 });
    }
  });

  it('among the metrics', async () => {
    const { body } = await call(ADMIN_KEY, 'GET', '/metrics', 'metrics');
    const refusals = body.split('\n').filter((line) => line.startsWith('evercount_refusals_total'));
    for (const code of ['unauthorized', 'forbidden']) {
      expect(refusals).toContain(`evercount_refusals_total{code="${code}"} ${REFUSED}`);
    }
  });

  it('and in a line now and then', async () => {
    expect(linesOf('refused')).toEqual([]);
    await service.app.stop();
    for (const code of ['unauthorized', 'forbidden']) {
      const about = lines().filter((line) => line['code'] === code);
      // One, or two where a minute ended meanwhile.
      expect(about.length).toBeLessThanOrEqual(2);
      expect(about).toContainEqual(expect.objectContaining({ level: 'info', msg: 'requests were refused' }));
      const addresses = about.map((line) => Number((line['addresses'] as Record<string, number>)[ADDRESS]));
      for (const counts of [addresses, about.map((line) => Number(line['count']))]) {
        expect(counts.reduce((all, count) => all + count, 0)).toBe(REFUSED);
      }
    }
    const counted = lines().filter((line) => line['keyId'] === keyId && typeof line['count'] === 'number');
    const told = linesOf('often').length;
    expect(told).toBeGreaterThanOrEqual(LINES_PER_MINUTE);
    expect(told).toBeLessThan(SETS);
    expect(counted.reduce((all, line) => all + Number(line['count']), told)).toBe(SETS);
  });
});
