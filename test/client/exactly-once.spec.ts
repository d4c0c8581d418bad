import { Evercount, OutcomeUnknown, Unavailable, type EvercountOptions } from '../../client/src/evercount.js';
import { FaultyService, type Fault } from './faulty-service.js';

/** Short waits keep the tests short; a busy machine must not be taken for a service that hangs. */
const QUICK = { timeoutMs: 30_000, retry: { firstWaitMs: 5, longestWaitMs: 20, deadlineMs: 120_000 }, gatherMs: 0 };

/** Where it is to be taken for one that hangs. */
const HUNG_MS = 1_000;

let service: FaultyService;
beforeEach(async () => {
  service = await FaultyService.start();
});
afterEach(() => service.stop());

const clientOf = (options: Partial<EvercountOptions> = {}) => new Evercount({ url: service.url, ...QUICK, ...options });
const once = (fault: Fault) => (service.fault = ({ seen }) => (seen === 0 ? fault : null));
const always = (fault: Fault) => (service.fault = () => fault);
const rejectionOf = (call: Promise<unknown>) => call.then(() => null).catch((error: unknown) => error);

/** Park and Miller's generator: the same numbers, 0 to 1, for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe('every increment counts exactly once', () => {
  const faults: readonly Fault[] = [
    { kind: 'drop', committed: false },
    { kind: 'drop', committed: true },
    { kind: 'hang', committed: true },
    { kind: 'answer', status: 503, code: 'unavailable' },
    { kind: 'answer', status: 503, code: 'outcome_unknown', committed: true },
    { kind: 'answer', status: 500, code: 'internal', committed: true },
    { kind: 'answer', status: 502, committed: true },
    { kind: 'answer', status: 409, code: 'in_progress' },
    { kind: 'answer', status: 429, code: 'rate_limited' },
  ];

  it.each([
    ['sent alone', 0],
    ['gathered', 2],
  ])('by a service that fails half the requests in every way, %s', async (_, gatherMs) => {
    const seed = Math.ceil(Math.random() * 1e9);
    const random = randomOf(seed);
    service.fault = () => (random() < 0.5 ? (faults[Math.floor(random() * faults.length)] ?? null) : null);
    service.itemFault = () => (random() < 0.2 ? { status: 503, code: 'unavailable' } : null);
    const retry = { ...QUICK.retry, firstWaitMs: 50, longestWaitMs: 200 };
    const client = clientOf({ gatherMs, retry, timeoutMs: HUNG_MS });

    // So few at once that even a machine far too busy connects them within the time of a try.
    const callers = Array.from({ length: 20 }, async (_none, caller) => {
      for (let call = 0; call < 10; call += 1) await client.increment(`counter-${(caller + call) % 7}`);
    });
    await Promise.all(callers);

    const sum = Array.from({ length: 7 }, (_none, index) => service.valueOf(`counter-${index}`)).reduce(
      (a, b) => a + b,
    );
    const wrong = [...service.counted.values()].filter((times) => times !== 1);
    expect({ seed, sum, keys: service.counted.size, wrong }).toEqual({ seed, sum: 200, keys: 200, wrong: [] });
  });

  it.each(faults.map((fault) => [JSON.stringify(fault), fault] as const))(
    'over %s, under the same key',
    async (_, fault) => {
      once(fault);
      const counter = await clientOf(fault.kind === 'hang' ? { timeoutMs: HUNG_MS } : {}).increment('a', 5);

      expect(counter.value).toBe(5);
      const keys = service.visits.map(({ items }) => items[0]?.idempotencyKey);
      expect(keys.length).toBeGreaterThan(1);
      expect(new Set(keys).size).toBe(1);
      expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it('because each call has a key of its own', async () => {
    const client = clientOf();
    await client.increment('a');
    await client.increment('a');
    expect(service.valueOf('a')).toBe(2);
    expect(service.counted.size).toBe(2);
  });
});

describe('what cannot get better is not tried again', () => {
  it.each([
    [400, 'invalid_request', 'InvalidRequest'],
    [401, 'unauthorized', 'AccessDenied'],
    [403, 'forbidden', 'AccessDenied'],
    [403, 'quota_exceeded', 'AccessDenied'],
    [404, 'not_found', 'NotFound'],
    [409, 'out_of_bounds', 'OutOfBounds'],
    [412, 'version_mismatch', 'VersionMismatch'],
    [413, 'too_large', 'InvalidRequest'],
    [422, 'idempotency_key_reused', 'KeyReused'],
    [422, 'value_overflow', 'OutOfBounds'],
  ])('%d %s rejects at once with %s', async (status, code, family) => {
    always({ kind: 'answer', status, code });
    const error = await rejectionOf(clientOf().increment('a'));
    expect(error).toMatchObject({ name: family, code, status, detail: `told ${code}`, requestId: 'r-2' });
    expect(service.visits).toHaveLength(1);
  });

  it("nor a stranger's page, and it does not pass for a counter", async () => {
    always({ kind: 'answer', status: 200 });
    const read = await rejectionOf(clientOf().read('a'));
    expect(read).toMatchObject({ name: 'Unavailable', code: 'unrecognized', status: 200 });
    expect(await rejectionOf(clientOf().increment('a'))).toBeInstanceOf(OutcomeUnknown);
    expect(service.visits).toHaveLength(2);
  });

  it('nor is a redirect followed, which could take the API key elsewhere', async () => {
    always({ kind: 'answer', status: 302 });
    const error = await rejectionOf(clientOf({ apiKey: 'ec_secret' }).increment('a'));
    expect(error).toMatchObject({ code: 'unrecognized', status: 302 });
    expect(service.visits.map(({ headers }) => headers.authorization)).toEqual(['Bearer ec_secret']);
  });

  it('nor anything with retry: false', async () => {
    always({ kind: 'answer', status: 503, code: 'unavailable' });
    expect(await rejectionOf(clientOf({ retry: false }).increment('a'))).toBeInstanceOf(Unavailable);
    expect(service.visits).toHaveLength(1);
  });
});

describe('an outcome that stays unknown', () => {
  const BRIEFLY = { ...QUICK.retry, deadlineMs: 1_000 };

  /** Its time is short, too short for a busy machine. */
  const LAST_TRY = expect.stringMatching(/^(unreachable|unavailable|timeout)$/) as unknown;

  it('is said so, and the key settles it later', async () => {
    always({ kind: 'drop', committed: true });
    const client = clientOf({ retry: BRIEFLY });
    const error = await rejectionOf(client.increment('a', 3));
    expect(error).toMatchObject({ name: 'OutcomeUnknown', code: 'outcome_unknown', cause: { code: LAST_TRY } });

    service.fault = () => null;
    const { idempotencyKey } = error as OutcomeUnknown;
    expect((await client.increment('a', 3, { idempotencyKey })).value).toBe(3);
    expect(service.valueOf('a')).toBe(3);
  });

  it('is not forgotten when later tries surely changed nothing', async () => {
    service.fault = ({ seen }) =>
      seen === 0 ? { kind: 'drop', committed: true } : { kind: 'answer', status: 503, code: 'unavailable' };
    const client = clientOf({ retry: BRIEFLY });
    const error = await rejectionOf(client.increment('a'));
    expect(error).toMatchObject({ name: 'OutcomeUnknown', cause: { code: LAST_TRY } });
    expect(service.visits.length).toBeGreaterThan(1);
  });

  it('is settled by a refusal that the service decided', async () => {
    service.fault = ({ seen }) =>
      seen === 0 ? { kind: 'drop', committed: false } : { kind: 'answer', status: 409, code: 'out_of_bounds' };
    expect(await rejectionOf(clientOf().increment('a'))).toMatchObject({ name: 'OutOfBounds' });
  });

  it('is never claimed when nothing was sent or nothing was changed', async () => {
    always({ kind: 'answer', status: 503, code: 'unavailable' });
    expect(await rejectionOf(clientOf({ retry: false }).increment('a'))).toMatchObject({ name: 'Unavailable' });

    const gone = await FaultyService.start();
    const { url } = gone;
    await gone.stop();
    const error = await rejectionOf(clientOf({ url, retry: BRIEFLY }).increment('a'));
    expect(error).toMatchObject({ name: 'Unavailable', code: 'unreachable', status: null });
  });
});
