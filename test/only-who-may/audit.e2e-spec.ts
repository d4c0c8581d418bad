/** Who did what can be found out: each deed is written with what it tells of, or neither is; increments are not in it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { CleanUp } from '../../src/counters/upkeep/clean-up.js';
import { runCli } from '../support/cli.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const ADDRESS = '192.0.2.7';

const service = withService({
  inside: true,
  env: {
    AUTH: 'required',
    ADMIN_KEY,
    TRUSTED_PROXIES: '127.0.0.1',
    RESP_PORT: '0',
    RESP_FLUSH: 'delete',
    AUDIT_DAYS: '3',
  },
});

let truth: pg.Pool;
beforeAll(() => {
  truth = new pg.Pool({ connectionString: service.databaseUrl });
});
afterAll(() => truth.end());

interface Deed {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly subject: string | null;
}

const call = (method: string, path: string, json?: unknown, more: Record<string, string> = {}) =>
  send(service.app.url, method, path, {
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'x-forwarded-for': ADDRESS, ...more },
    ...(json === undefined ? {} : { json }),
  });

async function page(query: string): Promise<{ data: Deed[]; hasMore: boolean; nextCursor: string | null }> {
  const { status, body } = await call('GET', `/v1/audit?${query}`);
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(body) as Awaited<ReturnType<typeof page>>;
}

const deedsAbout = async (subject: string) => (await page(`subject=${encodeURIComponent(subject)}`)).data.reverse();
const state = (value: number, version: number) => ({ value, version, min: null, max: null, expiresAt: null });

describe('it is written down who did what, from where, and what it was before and after', () => {
  it('over HTTP', async () => {
    const path = '/v1/counters/a%2Fb%25';
    const once = { 'idempotency-key': 'once', 'x-request-id': 'set-1' };
    for (let turn = 0; turn < 2; turn += 1) await call('PUT', path, { value: 5 }, once);
    await call('POST', `${path}/increment`);
    await call('POST', `${path}/reset`, { to: 2 });
    await call('PUT', path, { value: 1 }, { 'if-match': '"77"' });
    await call('DELETE', path);
    await call('DELETE', path);
    const who = { actor: 'admin', isSession: false, via: 'http', address: ADDRESS };
    expect(await deedsAbout('a/b%')).toMatchObject([
      { ...who, action: 'counter.set', requestId: 'set-1', before: null, after: state(5, 1) },
      { ...who, action: 'counter.reset', before: state(6, 2), after: state(2, 3) },
      { ...who, action: 'counter.delete', before: state(2, 3), after: null },
    ]);
  });

  it('over the Redis protocol, alone, together, in a transaction and by FLUSHALL', async () => {
    const resp = new Redis(service.app.respPort, '127.0.0.1', { password: ADMIN_KEY, retryStrategy: null });
    try {
      for (const command of [
        ['SET', 'r', '3'],
        ['INCR', 'r'],
        ['MSET', 'r', '8', 'r2', '9'],
        ['MULTI'],
        ['SET', 'r', '10'],
        ['DEL', 'r'],
        ['EXEC'],
        ['SET', 'r', '1'],
        ['EXPIRE', 'r', '1000'],
        ['EXPIRE', 'r', '-1'],
      ])
        await resp.call(command[0] ?? '', ...command.slice(1));
      const who = { actor: 'admin', isSession: false, via: 'resp' };
      const found = await deedsAbout('r');
      expect(found.map(({ action }) => action)).toEqual([
        ...['counter.set', 'counter.set', 'counter.set', 'counter.delete', 'counter.set', 'counter.delete'],
      ]);
      expect(found).toMatchObject(found.map(() => who));
      expect(found[1]).toMatchObject({ after: { value: 8 } });
      await resp.flushall();
      expect((await deedsAbout('r2')).at(-1)).toMatchObject({ ...who, action: 'counter.delete', before: { value: 9 } });
    } finally {
      resp.disconnect();
    }
  });

  it('keys, over HTTP and by the command line, without their secrets', async () => {
    const { body } = await call('POST', '/v1/keys', { label: 'one', scopes: ['read'] });
    const { id, secret } = JSON.parse(body) as { id: string; secret: string };
    await call('PATCH', `/v1/keys/${id}`, { label: 'two' });
    await call('POST', `/v1/keys/${id}/rotate`, {});
    expect(await runCli(['keys', 'revoke', id, '--yes'], { env: service.variables })).toMatchObject({ code: 0 });
    const found = await deedsAbout(id);
    expect(found).toMatchObject([
      { action: 'key.make', actor: 'admin', via: 'http', before: null, after: { label: 'one', scopes: ['read'] } },
      { action: 'key.change', before: { label: 'one' }, after: { label: 'two' } },
      { action: 'key.rotate', before: { rotatedAt: null }, after: { rotatedAt: expect.any(String) } },
      { action: 'key.revoke', actor: 'cli', via: 'cli', address: expect.stringMatching(/@/), after: { label: 'two' } },
    ]);
    expect(JSON.stringify(found)).not.toMatch(new RegExp(`digest|${secret.split('_').at(-1) ?? ''}`));
  });

  it('sessions of browsers, and what is done by one', async () => {
    const { body } = await call('POST', '/v1/keys', { label: 'person', scopes: ['read', 'write', 'admin'] });
    const { id, secret } = JSON.parse(body) as { id: string; secret: string };
    const own = { 'x-forwarded-for': ADDRESS };
    const begun = await send(service.app.url, 'POST', '/v1/session', { json: { key: secret }, headers: own });
    const cookie = begun.headers['set-cookie']?.split(';', 1)[0] ?? '';
    const asPage = { ...own, cookie, origin: service.app.url };
    const set = await send(service.app.url, 'PUT', '/v1/counters/by-page', { json: { value: 1 }, headers: asPage });
    expect([set.status, set.body]).toEqual([201, expect.any(String)]);
    await send(service.app.url, 'DELETE', '/v1/session', { headers: { ...own, cookie } });
    const who = { actor: id, isSession: true, address: ADDRESS };
    expect((await deedsAbout(id)).slice(1)).toMatchObject([
      { ...who, action: 'session.begin' },
      { ...who, action: 'session.end' },
    ]);
    expect(await deedsAbout('by-page')).toMatchObject([{ ...who, action: 'counter.set' }]);
  });

  it('flushes of the cache, and imports', async () => {
    await call('GET', '/v1/counters/by-page');
    await call('POST', '/v1/admin/cache/flush');
    expect((await page('action=cache.flush')).data).toMatchObject([
      { actor: 'admin', via: 'http', address: ADDRESS, after: { removed: expect.any(Number) } },
    ]);
    const folder = await mkdtemp(join(tmpdir(), 'evercount-audit-'));
    try {
      const file = join(folder, 'in.ndjson');
      await writeFile(file, '{"name":"brought:1","value":3}\n{"name":"brought:2","value":4}\n');
      const run = await runCli(['import', file, '--no-checksum', '--yes'], { env: service.variables });
      expect([run.code, run.err]).toEqual([0, expect.any(String)]);
      expect((await page('action=counters.import')).data).toMatchObject([
        { actor: 'cli', via: 'cli', before: { file, overwrite: false }, after: { created: 2, kept: 0 } },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('what cannot be written down is not done', () => {
  const refusing = async (work: () => Promise<void>) => {
    await truth.query(`ALTER TABLE audit ADD CONSTRAINT nothing CHECK (false) NOT VALID`);
    try {
      await work();
    } finally {
      await truth.query('ALTER TABLE audit DROP CONSTRAINT nothing');
    }
  };

  it('neither a set nor a key nor a flush, while increments go on', async () => {
    await call('PUT', '/v1/counters/held', { value: 1 });
    await call('GET', '/v1/counters/held');
    const before = await deedsAbout('held');
    await refusing(async () => {
      for (const [method, path, json] of [
        ['PUT', '/v1/counters/held', { value: 2 }],
        ['POST', '/v1/counters/held/reset', {}],
        ['DELETE', '/v1/counters/held', undefined],
        ['POST', '/v1/keys', { label: 'never', scopes: ['read'] }],
        ['POST', '/v1/admin/cache/flush', undefined],
      ] as const)
        expect([path, (await call(method, path, json)).status]).toEqual([path, 500]);
      expect((await call('POST', '/v1/counters/held/increment')).status).toBe(200);
    });
    expect(JSON.parse((await call('GET', '/v1/counters/held?consistency=strong')).body)).toMatchObject({ value: 2 });
    expect(await deedsAbout('held')).toEqual(before);
    expect((await call('GET', '/v1/keys?limit=1000')).body).not.toContain('"never"');
  });
});

describe('it is read', () => {
  it('page by page, by time, by whom and by what', async () => {
    for (let value = 1; value <= 5; value += 1) await call('PUT', '/v1/counters/paged', { value });
    const all = (await page('subject=paged')).data;
    const first = await page('subject=paged&limit=2');
    const second = await page(`subject=paged&limit=2&cursor=${first.nextCursor ?? ''}`);
    const third = await page(`subject=paged&limit=2&cursor=${second.nextCursor ?? ''}`);
    expect([first.hasMore, second.hasMore, third.hasMore, third.nextCursor]).toEqual([true, true, false, null]);
    expect([...first.data, ...second.data, ...third.data]).toEqual(all);
    expect(all.map((deed) => (deed as unknown as { after: { value: number } }).after.value)).toEqual([5, 4, 3, 2, 1]);
    expect((await page('subject=paged&to=2020-01-01T00:00:00Z')).data).toEqual([]);
    expect((await page('subject=paged&from=2020-01-01T00:00:00Z&actor=admin&action=counter.set')).data).toEqual(all);
    expect((await page('subject=paged&actor=cli')).data).toEqual([]);
    for (const query of [
      'action=nothing',
      'cursor=x',
      'limit=0',
      'from=yesterday',
      'who=me',
      'from=0000-01-01T00:00:00Z',
      'actor=%00',
      'subject=%00',
    ])
      expect((await call('GET', `/v1/audit?${query}`)).status).toBe(400);
  });

  it('by the command line', async () => {
    const args = ['audit', '--url', service.app.url, '--key', ADMIN_KEY, '--subject', 'paged'];
    const { code, out } = await runCli([...args, '--limit', '3', '--output', 'csv']);
    expect(code).toBe(0);
    expect(
      out
        .split('\n')
        .slice(1, 4)
        .map((line) => line.split(',').slice(1)),
    ).toEqual(
      [5, 4, 3].map((value) =>
        ['counter.set', 'paged', 'admin', `127.0.0.1 http`, `${value - 1}`, `${value}`].map((cell) =>
          cell.replace('127.0.0.1', ADDRESS),
        ),
      ),
    );
  });

  it('as long as AUDIT_DAYS say by the clock of the database, and no longer', async () => {
    await truth.query(`UPDATE audit SET at = now() - interval '3 days' - interval '1 minute' WHERE subject = 'a/b%'`);
    const rest = await deedsAbout('paged');
    expect((await service.app.nest.get(CleanUp).runOnce()).deeds).toBe(3);
    expect(await deedsAbout('a/b%')).toEqual([]);
    expect(await deedsAbout('paged')).toEqual(rest);
  });
});
