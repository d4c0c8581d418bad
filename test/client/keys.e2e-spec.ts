/** Keys by the client: against the service, and against one that loses answers. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Evercount, type EvercountOptions } from '../../client/src/evercount.js';
import { Keys, type Key } from '../../client/src/keys.js';
import { eventually } from '../support/eventually.js';
import { heldFetch } from '../support/held-fetch.js';
import { withService } from '../support/service.js';
import { FaultyService, type Fault } from './faulty-service.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';
const VIEWS = { label: 'views', scopes: ['increment'], prefix: 'page:' } as const;

describe('keys of the service', () => {
  const service = withService({ env: { AUTH: 'required', ADMIN_KEY } });
  let keys: Keys;
  const clientOf = (apiKey: string) => new Evercount({ url: service.app.url, apiKey, gatherMs: 0, fetch: heldFetch });
  beforeAll(() => {
    keys = new Keys(clientOf(ADMIN_KEY));
  });

  const codeOf = (secret: string, name: string): Promise<string> =>
    clientOf(secret)
      .increment(name)
      .then(
        () => 'counted',
        (error: unknown) => (error as { code: string }).code,
      );

  it('are made, read, changed, given new secrets and ended', async () => {
    const expiresAt = new Date('2100-01-01T00:00:00Z');
    const made = await keys.create({ ...VIEWS, perSecond: 50, maxNames: 1, expiresAt });
    expect(made).toMatchObject({ ...VIEWS, perSecond: 50, maxNames: 1, expiresAt: expiresAt.toISOString() });
    expect(await codeOf(made.secret, 'page:/a')).toBe('counted');
    expect(await codeOf(made.secret, 'other')).toBe('forbidden');
    await expect(clientOf(made.secret).read('page:/a')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(new Keys(clientOf(made.secret)).get(made.id)).rejects.toMatchObject({ name: 'AccessDenied' });

    const read = await keys.get(made.id);
    expect(read).toMatchObject({ id: made.id, namesCreated: 1, revokedAt: null });
    expect(read).not.toHaveProperty('secret');
    expect(await keys.change(made.id, { label: 'more', maxNames: null, expiresAt: null })).toMatchObject({
      ...{ label: 'more', maxNames: null, perSecond: 50, expiresAt: null },
    });

    const { secret } = await keys.rotate(made.id, { overlapMs: 0 });
    expect(await codeOf(secret, 'page:/a')).toBe('counted');
    await eventually(async () => (await codeOf(made.secret, 'page:/a')) === 'unauthorized');

    await keys.revoke(made.id);
    await keys.revoke(made.id);
    await eventually(async () => (await codeOf(secret, 'page:/a')) === 'unauthorized');
    await expect(keys.rotate(made.id)).rejects.toMatchObject({ name: 'NotFound', status: 404 });
    expect((await keys.get(made.id)).revokedAt).not.toBeNull();
  });

  it('are listed over many pages, oldest first', async () => {
    const made: string[] = [];
    for (const label of ['1', '2', '3']) made.push((await keys.create({ ...VIEWS, label })).id);
    const listed: Key[] = [];
    for await (const key of keys.list({ pageSize: 2 })) listed.push(key);
    expect(listed.slice(-3).map(({ id }) => id)).toEqual(made);
    expect(JSON.stringify(listed)).not.toContain('secret');
  });

  it('that there are not, or that cannot be, are refused', async () => {
    await expect(keys.get('none')).rejects.toMatchObject({ name: 'NotFound', status: 404 });
    for (const id of ['', '.', '..', 'a/rotate']) {
      await expect(keys.revoke(id)).rejects.toMatchObject({ name: 'NotFound', status: null });
    }
    await expect(keys.create({ ...VIEWS, scopes: [] })).rejects.toMatchObject({ name: 'InvalidRequest' });
  });
});

describe('where answers are lost', () => {
  let service: FaultyService;
  beforeAll(async () => {
    service = await FaultyService.start();
  });
  afterAll(() => service.stop());

  /** How often a call was sent where all tries come to this, and the error's code. */
  async function sent(
    fault: Fault,
    call: (keys: Keys) => Promise<unknown>,
    options: Partial<EvercountOptions> = {},
  ): Promise<[number, unknown]> {
    service.fault = () => fault;
    const before = service.visits.length;
    const retry = { deadlineMs: 400, firstWaitMs: 1, longestWaitMs: 5 };
    const client = new Evercount({ url: service.url, retry, ...options });
    const code = await call(new Keys(client)).catch((error: unknown) => (error as { code: string }).code);
    return [service.visits.length - before, code];
  }
  const DROP: Fault = { kind: 'drop', committed: false };
  const HANG: Fault = { kind: 'hang', committed: false };
  const BUSY: Fault = { kind: 'answer', status: 503, code: 'unavailable' };

  it.each<[string, (keys: Keys) => Promise<unknown>]>([
    ['made', (keys) => keys.create(VIEWS)],
    ['given a new secret', (keys) => keys.rotate('abc')],
  ])('a key may be %s, and it is said, and not tried again; it is, where surely nothing happened', async (_, call) => {
    expect(await sent(DROP, call)).toEqual([1, 'outcome_unknown']);
    expect(await sent(HANG, call, { timeoutMs: 500, retry: { deadlineMs: 5_000 } })).toEqual([1, 'outcome_unknown']);
    expect(await sent({ kind: 'answer', status: 200 }, call)).toEqual([1, 'outcome_unknown']);
    const [times, code] = await sent(BUSY, call);
    expect(times).toBeGreaterThan(1);
    expect(code).toBe('unavailable');
  });

  it.each<[string, (keys: Keys) => Promise<unknown>]>([
    ['read', (keys) => keys.get('abc')],
    ['changed', (keys) => keys.change('abc', { label: 'b' })],
    ['ended', (keys) => keys.revoke('abc')],
  ])('a key is %s however often that was sent', async (_, call) => {
    const [times, code] = await sent(DROP, call);
    expect(times).toBeGreaterThan(1);
    expect(code).toBe('unreachable');
  });
});
