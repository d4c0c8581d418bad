/** What a write may say of when its counter ends: how long, until when, in place of what, or not at all. */
import type { CounterBody, Reply } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

const service = withService();

const write = (name: string, call: string, body: object, key?: string): Promise<Reply> =>
  service.calls.call(
    call === 'PUT' ? 'PUT' : 'POST',
    `/v1/counters/${encodeURIComponent(name)}${call === 'PUT' ? '' : `/${call}`}`,
    body,
    key === undefined ? {} : { key },
  );
const increment = (name: string, body: object = {}, key?: string): Promise<Reply> =>
  write(name, 'increment', body, key);

const leftMs = ({ body }: Reply): number => Date.parse(body.expiresAt ?? '') - Date.now();

describe('what a write says of the expiry', () => {
  it.each(['increment', 'decrement', 'PUT', 'reset'])('counts for %s, in ms from now or as a moment', async (call) => {
    const name = `said:${call}`;
    await increment(name);
    const value = call === 'PUT' ? { value: 1 } : {};
    expect(leftMs(await write(name, call, { ...value, ttlMs: 60_000 }))).toBeLessThanOrEqual(60_000 + 50);
    expect(leftMs(await write(name, call, { ...value, ttlMs: 60_000 }))).toBeGreaterThan(50_000);
    const expiresAt = new Date(Date.now() + 90_000).toISOString();
    expect((await write(name, call, { ...value, expiresAt })).body.expiresAt).toBe(expiresAt);
    const small = { ...value, expiresAt: expiresAt.toLowerCase() };
    expect((await write(name, call, small)).body.expiresAt).toBe(expiresAt);
    // Left out it stays; what has one keeps it.
    expect((await write(name, call, value)).body.expiresAt).toBe(expiresAt);
    expect((await write(name, call, { ...value, ttlMs: 1_000, expiry: 'ifNone' })).body.expiresAt).toBe(expiresAt);
    expect((await write(name, call, { ...value, expiresAt: null })).body.expiresAt).toBeNull();
    expect(leftMs(await write(name, call, { ...value, ttlMs: 60_000, expiry: 'ifNone' }))).toBeGreaterThan(50_000);
    expect((await service.calls.read(name)).body).toEqual((await service.calls.read(name, '?consistency=strong')).body);
  });

  it('counts for each item of a batch, whatever the others of the same counter say', async () => {
    const increments = [
      { name: 'batch:a', ttlMs: 60_000, expiry: 'ifNone' },
      { name: 'batch:a', ttlMs: 60_000, expiry: 'ifNone' },
      { name: 'batch:b', ttlMs: 60_000 },
      { name: 'batch:b' },
      { name: 'batch:b', expiresAt: null },
      { name: 'batch:c' },
    ];
    const { body } = await service.calls.batch<{ results: { counter: CounterBody }[] }>({ increments });
    const has = body.results.map(({ counter: { value, version, expiresAt } }) => [value, version, expiresAt !== null]);
    expect(has).toEqual([
      [1, 1, true],
      [2, 2, true],
      [1, 1, true],
      [2, 2, true],
      [3, 3, false],
      [1, 1, false],
    ]);
  });

  it.each<[object, string]>([
    [{ ttlMs: 0 }, '/ttlMs'],
    [{ ttlMs: 1.5 }, '/ttlMs'],
    [{ ttlMs: 315_360_000_001 }, '/ttlMs'],
    [{ ttlMs: null }, '/ttlMs'],
    [{ expiresAt: 'tomorrow' }, '/expiresAt'],
    [{ expiresAt: '2999-01-01T00:00:00Z' }, '/expiresAt'],
    [{ ttlMs: 5, expiresAt: null }, '/expiresAt'],
    [{ expiry: 'ifNone' }, '/expiry'],
    [{ expiresAt: null, expiry: 'ifNone' }, '/expiry'],
    [{ ttlMs: 5, expiry: 'never' }, '/expiry'],
  ])('is refused where it makes no sense: %j', async (body, pointer) => {
    const reply = await service.calls.call<{ errors: { pointer: string }[] }>(
      'POST',
      '/v1/counters/refused/increment',
      body,
    );
    expect([reply.status, reply.body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it('is refused where the moment is past, and counts nothing', async () => {
    const past = await increment('past', { expiresAt: '2020-01-01T00:00:00Z' });
    expect([past.status, (past.body as unknown as { code: string }).code]).toEqual([400, 'invalid_request']);
    expect((await service.calls.read('past')).status).toBe(404);
  });

  it('is a part of the request that a key stands for', async () => {
    const first = await increment('keyed', { ttlMs: 60_000 }, 'expiring');
    const again = await increment('keyed', { ttlMs: 60_000 }, 'expiring');
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
    expect((await increment('keyed', {}, 'expiring')).status).toBe(422);
    const expiresAt = new Date(Date.now() + 600).toISOString();
    const brief = await increment('keyed', { expiresAt }, 'brief');
    await eventually(() => Date.now() > Date.parse(expiresAt));
    // A replay is told what the first was, also when that moment is past, and brings nothing back.
    expect((await increment('keyed', { expiresAt }, 'brief')).text).toBe(brief.text);
    expect((await service.calls.read('keyed')).status).toBe(404);
  });
});
