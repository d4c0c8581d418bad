import { Evercount, type EvercountOptions } from '../../client/src/evercount.js';
import { FaultyService } from './faulty-service.js';

/** A busy machine must not be taken for a service that hangs. */
const QUICK = { timeoutMs: 30_000, retry: { firstWaitMs: 20, longestWaitMs: 20, deadlineMs: 60_000 } };

let service: FaultyService;
beforeEach(async () => {
  service = await FaultyService.start();
});
afterEach(() => service.stop());

const clientOf = (options: Partial<EvercountOptions> = {}) => new Evercount({ url: service.url, ...QUICK, ...options });
const itemsOfVisits = () => service.visits.map(({ items }) => items.length);
const namesTo = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);

describe('increments of one moment', () => {
  it('share one call, and each caller gets its own answer', async () => {
    const client = clientOf();
    const counters = await Promise.all([client.increment('a'), client.increment('b', 5), client.decrement('a', 3)]);
    expect(counters.map(({ name, value }) => [name, value])).toEqual([
      ['a', 1],
      ['b', 5],
      ['a', -2],
    ]);
    expect(service.visits.map(({ path }) => path)).toEqual(['/v1/increments']);
    expect(service.counted.size).toBe(3);
  });

  it('share calls of at most 1000', async () => {
    const client = clientOf();
    await Promise.all(namesTo(2_001).map((name) => client.increment(name)));
    expect(itemsOfVisits().sort()).toEqual([1, 1000, 1000]);
  });

  it('make an ordinary call when there is only one', async () => {
    await clientOf().increment('a');
    expect(service.visits.map(({ path }) => path)).toEqual(['/v1/counters/a/increment']);
  });

  it('are not gathered with gatherMs 0', async () => {
    const client = clientOf({ gatherMs: 0 });
    await Promise.all([client.increment('a'), client.increment('a')]);
    expect(service.visits.map(({ path }) => path)).toEqual(['/v1/counters/a/increment', '/v1/counters/a/increment']);
  });
});

describe('one of the increments in a call', () => {
  it('is refused alone', async () => {
    service.itemFault = ({ name }) => (name === 'full' ? { status: 409, code: 'out_of_bounds' } : null);
    const client = clientOf();
    const [a, full, b] = await Promise.allSettled(['a', 'full', 'b'].map((name) => client.increment(name)));
    expect(a).toMatchObject({ status: 'fulfilled', value: { value: 1 } });
    expect(full).toMatchObject({
      reason: { name: 'OutOfBounds', code: 'out_of_bounds', status: 409, requestId: 'r-2' },
    });
    expect(b).toMatchObject({ status: 'fulfilled', value: { value: 1 } });
  });

  it.each([
    [503, 'unavailable'],
    [503, 'outcome_unknown'],
    [500, 'internal'],
    [409, 'in_progress'],
    [429, 'rate_limited'],
  ])('is tried again alone and with its key after %d %s', async (status, code) => {
    service.itemFault = ({ name }, seen) => (name === 'b' && seen === 0 ? { status, code } : null);
    const client = clientOf();
    const counters = await Promise.all(['a', 'b', 'c'].map((name) => client.increment(name)));
    expect(counters.map(({ value }) => value)).toEqual([1, 1, 1]);
    const [first, second] = service.visits;
    expect(second?.items.map(({ name }) => name)).toEqual(['b']);
    expect(second?.items[0]?.idempotencyKey).toBe(first?.items[1]?.idempotencyKey);
  });

  it('that the API key may not touch does not take the others with it', async () => {
    service.fault = ({ items }) =>
      items.some(({ name }) => name === 'secret') ? { kind: 'answer', status: 403, code: 'forbidden' } : null;
    const client = clientOf();
    const [a, secret, b] = await Promise.allSettled(['a', 'secret', 'b'].map((name) => client.increment(name)));
    expect([a?.status, secret?.status, b?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(secret).toMatchObject({ reason: { name: 'AccessDenied' } });
  });

  it('that is malformed is refused before it is gathered', async () => {
    const client = clientOf();
    const [bad, good] = await Promise.allSettled([client.increment('a', 0.5), client.increment('a')]);
    expect(bad).toMatchObject({ reason: { name: 'InvalidRequest', status: null } });
    expect(good).toMatchObject({ status: 'fulfilled', value: { value: 1 } });
  });

  it('that its caller takes back in time is not sent', async () => {
    const client = clientOf({ gatherMs: 50 });
    const controller = new AbortController();
    const call = Promise.allSettled([client.increment('a', 1, { signal: controller.signal }), client.increment('b')]);
    controller.abort();
    const [a, b] = await call;
    expect(a).toMatchObject({ reason: { name: 'AbortError' } });
    expect(b.status).toBe('fulfilled');
    expect(service.counted.size).toBe(1);
    expect(service.valueOf('a')).toBe(0);
  });
});

describe('a call that failed', () => {
  it('comes back as one call or a few, not as a crowd', async () => {
    service.fault = ({ seen }) => (seen === 0 ? { kind: 'drop', committed: true } : null);
    const client = clientOf({ gatherMs: 20, retry: { firstWaitMs: 1_000, longestWaitMs: 1_000 } });
    await Promise.all(namesTo(500).map((name) => client.increment(name)));
    // Were waits drawn for each alone, they would spread over 50 times what is gathered.
    expect(itemsOfVisits()[0]).toBe(500);
    expect(service.visits.length).toBeLessThan(10);
    expect([...service.counted.values()].every((times) => times === 1)).toBe(true);
  });

  it('for the API key itself is not repeated for each increment', async () => {
    service.fault = () => ({ kind: 'answer', status: 401, code: 'unauthorized' });
    const client = clientOf();
    const calls = await Promise.allSettled(namesTo(3).map((name) => client.increment(name)));
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(service.visits).toHaveLength(1);
  });
});

describe('many increments in one call', () => {
  it('give a result each, in order, under keys made of one', async () => {
    service.itemFault = ({ name }) => (name === 'full' ? { status: 409, code: 'out_of_bounds' } : null);
    const results = await clientOf({ gatherMs: 0 }).incrementMany(
      [{ name: 'a' }, { name: 'full' }, { name: 'b', by: 2, idempotencyKey: 'mine' }],
      { idempotencyKey: 'many' },
    );
    expect(results).toMatchObject([
      { ok: true, counter: { name: 'a', value: 1 } },
      { ok: false, error: { name: 'OutOfBounds' } },
      { ok: true, counter: { name: 'b', value: 2 } },
    ]);
    expect(service.visits.map(({ items }) => items.map((item) => item.idempotencyKey))).toEqual([
      ['many/0', 'many/1', 'mine'],
    ]);
  });

  it('are sent all together and tried again all together when atomic', async () => {
    service.fault = ({ seen }) => (seen === 0 ? { kind: 'drop', committed: true } : null);
    const transfer = [
      { name: 'from', by: -1 },
      { name: 'to', by: 1 },
    ];
    const [from, to] = await clientOf().incrementMany(transfer, { atomic: true });
    expect([from?.value, to?.value]).toEqual([-1, 1]);
    expect(itemsOfVisits()).toEqual([2, 2]);
    expect([service.valueOf('from'), service.valueOf('to')]).toEqual([-1, 1]);
  });

  it('are refused before sending when one is malformed', async () => {
    const call = clientOf().incrementMany([{ name: 'a' }, { name: '..' }]);
    await expect(call).rejects.toMatchObject({ name: 'InvalidRequest' });
    expect(service.visits).toHaveLength(0);
  });
});
