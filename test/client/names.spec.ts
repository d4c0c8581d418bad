import fc from 'fast-check';
import { Evercount } from '../../client/src/evercount.js';
import { faultOfName } from '../../src/domain/operands.js';
import { FaultyService } from './faulty-service.js';

let service: FaultyService;
let client: Evercount;
beforeAll(async () => {
  service = await FaultyService.start();
  client = new Evercount({ url: `${service.url}/`, gatherMs: 0 });
});
afterAll(() => service.stop());

const rejectionOf = (call: Promise<unknown>) => call.then(() => null).catch((error: unknown) => error);

describe('a name', () => {
  it('arrives as it is, or is refused before sending, exactly as the service would', async () => {
    const odd = fc.constantFrom(
      '.',
      '..',
      '...',
      '%2e',
      '%2E%2e',
      'a/b',
      '//',
      '\\',
      '?a=b',
      '#',
      '%',
      "'",
      '__proto__',
    );
    const anyName = fc.oneof(odd, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 300 }));
    await fc.assert(
      fc.asyncProperty(anyName, async (name) => {
        const before = service.visits.length;
        const error = await rejectionOf(client.increment(name));
        if (faultOfName(name) === null) {
          expect(error).toBeNull();
          expect(service.visits.at(-1)?.items[0]?.name).toBe(name);
        } else {
          expect(error).toMatchObject({ name: 'InvalidRequest', code: 'invalid_request', status: null });
          expect(service.visits).toHaveLength(before);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each(['.', '..', '', 'a\u0000', '\ud800', 'é'.repeat(128)])('%j is refused by every call', async (name) => {
    const before = service.visits.length;
    const calls = [
      client.read(name),
      client.increment(name),
      client.decrement(name),
      client.reset(name),
      client.set(name, 1),
      client.delete(name),
      client.readMany([name]),
      client.incrementMany([{ name }]),
      client.incrementMany([{ name }], { atomic: true }),
    ];
    const errors = await Promise.all(calls.map(rejectionOf));
    for (const error of errors) expect(error).toMatchObject({ name: 'InvalidRequest' });
    expect(service.visits).toHaveLength(before);
  });

  it('may be 255 bytes long', async () => {
    expect(await rejectionOf(client.increment('é'.repeat(127) + 'e'))).toBeNull();
  });
});

describe('before sending', () => {
  it.each([0, 0.5, NaN, Infinity, 2 ** 53])('an increment by %d is refused', async (by) => {
    expect(await rejectionOf(client.increment('a', by))).toMatchObject({ name: 'InvalidRequest' });
  });

  it.each(['', 'a b', 'a"', 'a\\', 'é', 'k'.repeat(256)])('the key %j is refused', async (idempotencyKey) => {
    expect(await rejectionOf(client.increment('a', 1, { idempotencyKey }))).toMatchObject({ name: 'InvalidRequest' });
  });

  it('a URL that is not one of HTTP is refused, and so is an API key that cannot be sent', () => {
    expect(() => new Evercount({ url: 'localhost:3000' })).toThrow('must begin with http');
    expect(() => new Evercount({ url: 'http://user:pass@localhost' })).toThrow('no user name');
    expect(() => new Evercount({ url: 'http://localhost', apiKey: 'a\nb' })).toThrow('invalid header value');
  });
});
