import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import type { Scope } from '../../src/domain/scope.js';
import { startApp, startAppProcess, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { heldFetch } from '../support/held-fetch.js';
import { type HttpAnswer, type HttpOptions, send } from '../support/http.js';
import { itInside } from '../support/on-bun.js';
import { withService } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

/** What is promised: a revoked key is refused by every instance after this long. Milliseconds. */
const REVOKED_WITHIN_MS = 5_000;

const ADMIN_KEY = 'an-operators-own-key-0123456789';

const ENV = { AUTH: 'required', ADMIN_KEY };

const service = withService({ inside: true, env: ENV, two: true });

const keys = () => service.app.nest.get(KeyAdministration);

const made = (scopes: readonly Scope[], prefix = '', expiresAt: Date | null = null) =>
  keys().create({ label: 'test', scopes, prefix, expiresAt });

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const call = (key: string | null, method: string, path: string, options: HttpOptions = {}, at = service.app) =>
  send(at.url, method, path, { ...options, headers: { ...options.headers, ...(key === null ? {} : bearer(key)) } });

const codeOf = ({ status, body }: HttpAnswer) => [status, (JSON.parse(body) as { code?: string }).code];

const json = ({ body }: HttpAnswer): unknown => JSON.parse(body);

const increment = '/v1/counters/a/increment';

describe('a request', () => {
  it('is refused without a key, and told how to bring one', async () => {
    const answer = await call(null, 'POST', increment);
    expect(codeOf(answer)).toEqual([401, 'unauthorized']);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="evercount"');
    expect(answer.headers['content-type']).toMatch('application/problem+json');
    expect(answer.headers['x-request-id']).toBeDefined();
  });

  it('is refused with anything that is not a good key, all in the same words', async () => {
    const { id, key } = await made(['write']);
    const stranger = (await made(['write'])).key.replace(/^ec_.{13}/, `ec_${id}`);
    for (const wrong of [`${key}x`, key.slice(0, -1), stranger, 'x', ADMIN_KEY.slice(1)]) {
      expect(codeOf(await call(wrong, 'POST', increment))).toEqual([401, 'unauthorized']);
    }
    for (const authorization of ['', 'Bearer', `Basic ${key}`, key, `Bearer ${key} ${key}`]) {
      expect(codeOf(await send(service.app.url, 'POST', increment, { headers: { authorization } }))).toEqual([
        401,
        'unauthorized',
      ]);
    }
    expect(codeOf(await send(service.app.url, 'POST', `${increment}?key=${key}`))).toEqual([401, 'unauthorized']);
    expect(
      (await send(service.app.url, 'POST', increment, { headers: { authorization: `bearer  ${key}` } })).status,
    ).toBe(200);
  });

  it('may do what its key has a scope for, and no more', async () => {
    const calls = {
      read: ['GET', '/v1/counters'],
      write: ['POST', increment],
      admin: ['GET', '/v1/admin/cache'],
    } as const;
    for (const scope of ['read', 'write', 'admin'] as const) {
      const { key } = await made([scope]);
      for (const needed of ['read', 'write', 'admin'] as const) {
        const [method, path] = calls[needed];
        const answer = await call(key, method, path);
        expect([scope, needed, answer.status]).toEqual([scope, needed, scope === needed ? 200 : 403]);
      }
    }
    for (const [method, path] of Object.values(calls)) expect((await call(ADMIN_KEY, method, path)).status).toBe(200);
  });

  it('needs no key where there is nothing to protect, nor to be told that there is nothing', async () => {
    for (const path of ['/livez', '/readyz', '/openapi.json', '/docs', '/problems/forbidden']) {
      expect([path, (await call(null, 'GET', path)).status]).toEqual([path, 200]);
    }
    expect((await call(null, 'GET', '/v1/nothing')).status).toBe(404);
  });
});

it('an idempotency key belongs to the key it came with', async () => {
  const [a, b] = [await made(['write']), await made(['write'])];
  const once = { headers: { 'idempotency-key': 'same' } };
  const path = '/v1/counters/owned/increment';
  const values: number[] = [];
  for (const { key } of [a, b, a, b])
    values.push((json(await call(key, 'POST', path, once)) as { value: number }).value);
  expect(values).toEqual([1, 2, 1, 2]);
  // It stays when the secret changes.
  const rotated = await keys().rotate(a.id);
  expect((await call(rotated?.key ?? '', 'POST', path, once)).headers['idempotent-replayed']).toBe('true');
});

describe('every instance notices within seconds', () => {
  const statusAt = async (at: TestApp, key: string) => (await call(key, 'POST', increment, {}, at)).status;

  /** Settles when both instances refuse the key; they must have accepted it before. */
  const refusedEverywhere = async (key: string, end: () => Promise<unknown>) => {
    for (const at of service.apps) expect(await statusAt(at, key)).toBe(200);
    await end();
    for (const at of service.apps) await eventually(async () => (await statusAt(at, key)) === 401, REVOKED_WITHIN_MS);
  };

  it('that a key was revoked', async () => {
    const { id, key } = await made(['write']);
    await refusedEverywhere(key, () => keys().revoke(id));
    expect(await keys().rotate(id)).toBeNull();
  });

  it('that the key of a stream was revoked, and ends the stream', async () => {
    const { id, key } = await made(['read']);
    const streams = service.apps.map((at) => heldFetch(`${at.url}/v1/stream?name=a`, { headers: bearer(key) }));
    const ends = (await Promise.all(streams)).map(async ({ status, body }) => {
      expect(status).toBe(200);
      const reader = body?.getReader();
      // Cut, or closed: either is an end.
      while (reader !== undefined && !(await reader.read().catch(() => ({ done: true }))).done);
    });
    await keys().revoke(id);
    const late = AbortSignal.timeout(REVOKED_WITHIN_MS);
    await Promise.all(ends);
    expect(late.aborted).toBe(false);
  });

  it('that it expired', async () => {
    const expiresAt = new Date(Date.now() + 4_000);
    const { key } = await made(['write'], '', expiresAt);
    await refusedEverywhere(key, () => eventually(() => Date.now() > expiresAt.getTime()));
  });

  it('that it was rotated; the old one goes on for a while, the one before it does not', async () => {
    const first = await made(['write']);
    const second = await keys().rotate(first.id, 60_000);
    if (second === null) throw new Error('there is no such key');
    expect(await statusAt(service.other, second.key)).toBe(200);
    await refusedEverywhere(first.key, () => keys().rotate(first.id, 60_000));
    expect(await statusAt(service.app, second.key)).toBe(200);
  });
});

it('a key tells when it was used last', async () => {
  const { id, key } = await made(['write']);
  const lastUsed = async () => (await keys().list()).find((found) => found.id === id)?.lastUsedAt ?? null;
  expect(await lastUsed()).toBeNull();
  // Written by a process at most once a minute; a new one has not written yet.
  const fresh = await startApp({ ...service.urls, env: ENV });
  try {
    await call(key, 'POST', increment, {}, fresh);
    await eventually(async () => (await lastUsed()) !== null);
  } finally {
    await fresh.stop();
  }
});

it('neither a key nor its digest of another kind lies in the database', async () => {
  const { key } = await made(['read']);
  const [stored] = (await keys().list()).slice(-1);
  expect(stored?.digest).toHaveLength(32);
  expect(JSON.stringify(await keys().list())).not.toContain(key.split('_')[2]);
});

itInside('the first start makes a key that may do everything, and no later one does', async () => {
  const fresh = { ...service.urls, databaseUrl: await createTestDatabase(), env: { AUTH: 'required' } };
  const started = await Promise.all([startApp(fresh), startApp(fresh)]);
  try {
    const shown = started.map(({ firstKey }) => firstKey).filter((key) => key !== null);
    expect(shown).toHaveLength(1);
    for (const at of started) expect((await call(shown[0] ?? '', 'GET', '/v1/admin/cache', {}, at)).status).toBe(200);
    for (const { log } of started) expect(log.join()).not.toContain(shown[0]);
  } finally {
    await Promise.all(started.map((at) => at.stop()));
  }
  const again = await startApp(fresh);
  expect(again.firstKey).toBeNull();
  await again.stop();
});

it('the first key is not said where it would end in a log: a file for its owner alone has it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evercount-test-'));
  const env = { AUTH: 'required', TMPDIR: folder };
  const started = await startAppProcess({ ...service.urls, databaseUrl: await createTestDatabase(), env });
  try {
    expect(started.output.join('\n')).not.toMatch(/ec_[0-9a-z]{13}_/);
    const file = started.output.join('\n').match(/first API key.* (\/\S+)$/m)?.[1] ?? '';
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const headers = bearer((await readFile(file, 'utf8')).trim());
    expect((await send(started.url, 'GET', '/v1/admin/cache', { headers })).status).toBe(200);
  } finally {
    await started.stop();
    await rm(folder, { recursive: true });
  }
});
