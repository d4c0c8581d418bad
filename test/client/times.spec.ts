import { Evercount, OutcomeUnknown, type EvercountOptions } from '../../client/src/evercount.js';
import { FaultyService } from './faulty-service.js';

/** A busy machine must not be taken for a service that hangs. */
const QUICK = { timeoutMs: 30_000, retry: { firstWaitMs: 5, longestWaitMs: 20, deadlineMs: 30_000 }, gatherMs: 0 };

let service: FaultyService;
beforeEach(async () => {
  service = await FaultyService.start();
});
afterEach(() => service.stop());

const clientOf = (options: Partial<EvercountOptions> = {}) => new Evercount({ url: service.url, ...QUICK, ...options });
const rejectionOf = (call: Promise<unknown>) => call.then(() => null).catch((error: unknown) => error);

async function timed<T>(call: Promise<T>): Promise<{ result: T; tookMs: number }> {
  const from = performance.now();
  return { result: await call, tookMs: performance.now() - from };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Counts who begins and who ends to listen to a signal. */
function listenersOf(signal: AbortSignal): { added: number; removed: number } {
  const counts = { added: 0, removed: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    counts.added += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    counts.removed += 1;
    remove(...args);
  };
  return counts;
}

describe('times', () => {
  it('waits as long as Retry-After asks', async () => {
    service.fault = ({ seen }) =>
      seen === 0 ? { kind: 'answer', status: 429, code: 'rate_limited', retryAfter: '1' } : null;
    const { tookMs } = await timed(clientOf().increment('a'));
    expect(tookMs).toBeGreaterThanOrEqual(999);
    expect(service.visits).toHaveLength(2);
  });

  it('waits until the date that Retry-After gives', async () => {
    const date = new Date(Date.now() + 2_000).toUTCString();
    service.fault = ({ seen }) =>
      seen === 0 ? { kind: 'answer', status: 503, code: 'unavailable', retryAfter: date } : null;
    await clientOf().increment('a');
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(date));
  });

  it('gives up at once when Retry-After is past the deadline, and says how long it would be', async () => {
    service.fault = () => ({ kind: 'answer', status: 429, code: 'rate_limited', retryAfter: '60' });
    const { result, tookMs } = await timed(rejectionOf(clientOf().increment('a')));
    expect(result).toMatchObject({ name: 'RateLimited', retryAfterMs: 60_000 });
    expect(tookMs).toBeLessThan(60_000);
    expect(service.visits).toHaveLength(1);
  });

  it('ends by the deadline, however the service hangs', async () => {
    service.fault = () => ({ kind: 'hang', committed: false });
    const retry = { firstWaitMs: 5, longestWaitMs: 20, deadlineMs: 2_000 };
    const { result, tookMs } = await timed(rejectionOf(clientOf({ timeoutMs: 250, retry }).increment('a')));
    expect(result).toMatchObject({ name: 'OutcomeUnknown', cause: { code: 'timeout' } });
    expect(tookMs).toBeGreaterThan(1_500);
    expect(tookMs).toBeLessThan(30_000);
    expect(service.visits.length).toBeGreaterThan(1);
  });

  it('draws each wait at random, so that many clients do not come back all at once', async () => {
    const last = new Map<string, number>();
    const waits: number[] = [];
    service.fault = ({ seen, items }) => {
      const key = items[0]?.idempotencyKey ?? '';
      if (seen > 0) waits.push(performance.now() - (last.get(key) ?? 0));
      last.set(key, performance.now());
      return seen === 0 ? { kind: 'answer', status: 503, code: 'unavailable' } : null;
    };
    const client = clientOf({ retry: { firstWaitMs: 800, longestWaitMs: 800, deadlineMs: 30_000 } });
    await Promise.all(Array.from({ length: 40 }, () => client.increment('a')));
    // Drawn evenly from 0 to 800 ms; that none of 40 is below 600 has a chance of 1 in 10^24.
    expect(waits).toHaveLength(40);
    expect(Math.min(...waits)).toBeLessThan(600);
    expect(Math.max(...waits)).toBeGreaterThan(200);
  });
});

describe("the caller's signal", () => {
  it('fired before: nothing is sent', async () => {
    const signal = AbortSignal.abort('changed my mind');
    const aborted = { name: 'AbortError', code: 'aborted', cause: 'changed my mind' };
    expect(await rejectionOf(clientOf().increment('a', 1, { signal }))).toMatchObject(aborted);
    expect(await rejectionOf(clientOf({ gatherMs: 2 }).increment('a', 1, { signal }))).toMatchObject(aborted);
    expect(await rejectionOf(clientOf().read('a', { signal }))).toMatchObject(aborted);
    expect(service.visits).toHaveLength(0);
  });

  it.each([
    ['sent alone', 0],
    ['gathered', 2],
  ])('fired while the service works: a write has an unknown outcome, %s', async (_, gatherMs) => {
    service.fault = ({ seen }) => (seen === 0 ? { kind: 'hang', committed: true } : null);
    const controller = new AbortController();
    const client = clientOf({ gatherMs, timeoutMs: 1_000 });
    const other = gatherMs > 0 ? rejectionOf(client.increment('b')) : null;
    const call = rejectionOf(client.increment('a', 1, { signal: controller.signal }));
    await until(() => service.visits.length === 1);
    controller.abort();
    const error = await call;
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(error).toMatchObject({ cause: { name: 'AbortError' } });

    await client.increment('a', 1, { idempotencyKey: (error as OutcomeUnknown).idempotencyKey });
    expect(service.valueOf('a')).toBe(1);
    // Those who were gathered with it are served all the same.
    expect(await other).toBeNull();
  });

  it('fired between tries: nothing more is sent, and what is known is said', async () => {
    service.fault = () => ({ kind: 'answer', status: 503, code: 'unavailable' });
    const controller = new AbortController();
    const listeners = listenersOf(controller.signal);
    const retry = { firstWaitMs: 1e6, longestWaitMs: 1e6, deadlineMs: 1e9 };
    const call = rejectionOf(clientOf({ retry }).increment('a', 1, { signal: controller.signal }));
    // Once for the try, once more for the wait of minutes.
    await until(() => listeners.added === 2);
    controller.abort();
    expect(await call).toMatchObject({ name: 'AbortError' });
    expect(service.visits).toHaveLength(1);
  });

  it('keeps no listener behind', async () => {
    const { signal } = new AbortController();
    const listeners = listenersOf(signal);
    service.fault = ({ seen }) => (seen === 0 ? { kind: 'drop', committed: true } : null);
    await clientOf().increment('a', 1, { signal });
    await clientOf({ gatherMs: 2 }).incrementMany([{ name: 'a' }, { name: 'b' }], { signal });
    expect(listeners.added).toBeGreaterThan(0);
    expect(listeners.removed).toBe(listeners.added);
  });
});
