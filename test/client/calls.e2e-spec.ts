import { Evercount, NotFound, type Counter } from '../../client/src/evercount.js';
import type { Counter as ServiceCounter } from '../../src/domain/counter.js';
import { eventually } from '../support/eventually.js';
import { heldFetch } from '../support/held-fetch.js';
import { withService } from '../support/service.js';

const service = withService();
let client: Evercount;
beforeAll(() => {
  client = new Evercount({ url: service.app.url, fetch: heldFetch });
});

describe('against the service itself', () => {
  it('each call does what its name says', async () => {
    expect(await client.increment('a', 5)).toMatchObject({ name: 'a', value: 5, version: 1, replayed: false });
    expect(await client.decrement('a', 2)).toMatchObject({ value: 3, version: 2 });
    expect(await client.read('a')).toMatchObject({ value: 3, version: 2, verified: true });
    expect(await client.read('a', { consistency: 'strong' })).toMatchObject({ value: 3 });
    expect(await client.set('a', 7, { min: 0, max: 8 })).toMatchObject({ value: 7, min: 0, max: 8 });
    expect(await client.set('a', 6, { max: null })).toMatchObject({ value: 6, min: 0, max: null });
    expect(await client.reset('a', 1)).toMatchObject({ value: 1, previous: 6 });
    await client.delete('a');
    await expect(client.read('a')).rejects.toMatchObject({ name: 'NotFound', code: 'not_found', status: 404 });
  });

  it('a key makes a write count once, over calls and ways to send it', async () => {
    const options = { idempotencyKey: 'order-1' };
    const first = await client.increment('once', 2, options);
    const [alone, [gathered]] = await Promise.all([
      new Evercount({ url: service.app.url, gatherMs: 0, fetch: heldFetch }).increment('once', 2, options),
      client.incrementMany([{ name: 'once', by: 2, ...options }, { name: 'other' }]),
    ]);
    expect(alone).toEqual({ ...first, replayed: true });
    expect(gathered).toEqual({ ok: true, counter: { ...first, replayed: true } });
    await expect(client.increment('once', 3, options)).rejects.toMatchObject({ name: 'KeyReused' });

    const reset = await client.reset('once', 9, { idempotencyKey: 'reset-1' });
    await client.increment('once');
    expect(await client.reset('once', 9, { idempotencyKey: 'reset-1' })).toEqual({ ...reset, replayed: true });
    expect((await client.read('once')).value).toBe(10);

    await client.delete('once', { idempotencyKey: 'delete-1' });
    await client.delete('once', { idempotencyKey: 'delete-1' });
  });

  it('says when a counter ends, alone and with others', async () => {
    const hour = 3_600_000;
    const ends = (counter: { expiresAt: string | null }) => Date.parse(counter.expiresAt ?? '') - Date.now();
    const first = await client.increment('window', 1, { ttlMs: hour, expiry: 'ifNone' });
    expect(ends(first)).toBeGreaterThan(hour / 2);
    const [second] = await client.incrementMany([
      { name: 'window', ttlMs: 1_000, expiry: 'ifNone' },
      { name: 'other' },
    ]);
    expect(second).toMatchObject({ ok: true, counter: { value: 2, expiresAt: first.expiresAt } });
    expect(ends(await client.set('window', 5, { expiresAt: new Date(Date.now() + 2 * hour) }))).toBeGreaterThan(hour);
    expect(await client.reset('window', 0, { expiresAt: null })).toMatchObject({ value: 0, expiresAt: null });
    await client.decrement('window', 1, { ttlMs: 1 });
    await eventually(() =>
      client.read('window').then(
        () => false,
        (error: unknown) => error instanceof NotFound,
      ),
    );
  });

  it('conditions hold, or reject', async () => {
    const { version } = await client.set('if', 1, { ifNoneMatch: '*' });
    await expect(client.set('if', 2, { ifNoneMatch: '*' })).rejects.toMatchObject({ name: 'VersionMismatch' });
    await client.set('if', 2, { ifMatch: version });
    await expect(client.reset('if', 0, { ifMatch: version })).rejects.toMatchObject({ status: 412 });
    await client.delete('if', { ifMatch: '*' });
    await expect(client.delete('if', { ifMatch: '*' })).rejects.toMatchObject({ name: 'VersionMismatch' });
  });

  it('a list comes whole and in order, over many pages', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `list:${String(index).padStart(2, '0')}`);
    await client.incrementMany(names.map((name) => ({ name })));
    const listed: string[] = [];
    for await (const { name } of client.list({ prefix: 'list:', pageSize: 10 })) listed.push(name);
    expect(listed).toEqual(names);
  });

  it('many are read in the order asked, over more names than one call takes', async () => {
    await client.increment('many');
    const names = Array.from({ length: 1_500 }, (_, index) => (index % 2 === 0 ? 'many' : `nothing-${index}`));
    const counters = await client.readMany(names);
    expect(counters.map((counter) => counter?.value ?? null)).toEqual(
      names.map((name) => (name === 'many' ? 1 : null)),
    );
  });

  it('many increments are decided each on its own, or all or none', async () => {
    await client.set('full', 1, { max: 1 });
    const many = [{ name: 'x' }, { name: 'full' }, { name: 'y', by: 3 }];
    await expect(client.incrementMany(many, { atomic: true })).rejects.toMatchObject({ name: 'OutOfBounds' });
    expect(await client.readMany(['x', 'y'])).toEqual([null, null]);

    const results = await client.incrementMany(many);
    expect(results.map((result) => (result.ok ? result.counter.value : result.error.code))).toEqual([
      1,
      'out_of_bounds',
      3,
    ]);
    const moved = await client.incrementMany([{ name: 'x', by: -1 }, { name: 'y' }], { atomic: true });
    expect(moved.map(({ value }) => value)).toEqual([0, 4]);
  });

  it.each(['a/b', '%', '%2e', "'", '__proto__', 'page:/home?a=b#c', '👍', '\\', ' ', 'é'.repeat(127)])(
    'the name %j is one counter in every call',
    async (name) => {
      expect(await client.increment(name)).toMatchObject({ name, value: 1 });
      expect(await client.read(name)).toMatchObject({ name, value: 1 });
      expect(await client.readMany([name])).toMatchObject([{ name }]);
      for await (const counter of client.list({ prefix: name })) expect(counter.name).toBe(name);
      await client.delete(name);
    },
  );

  it('has counters of the same type', () => {
    // Checked by the compiler, in both directions.
    const ours: Counter | null = null as ServiceCounter | null;
    const theirs: ServiceCounter | null = ours;
    expect(theirs).toBeNull();
  });
});
