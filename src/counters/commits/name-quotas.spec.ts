import { HandClock } from '../../../test/support/hand-clock.js';
import { NameQuotas } from './name-quotas.js';

const totals = (keyId: string | null, maxNames: number, names: number, ...of: string[]) =>
  of.map((name) => ({ name, creator: keyId === null ? null : { keyId, maxNames, names } }));

const barredOf = (quotas: NameQuotas, batch: ReturnType<typeof totals>) =>
  quotas.sending(batch, (barred) => Promise.resolve(barred));

describe('what a batch may bring into being', () => {
  it('is bounded by what the key has left, in order of arrival', async () => {
    const quotas = new NameQuotas(new HandClock());
    const batch = [...totals('a', 5, 3, 'x', 'y', 'z'), ...totals('b', 9, 0, 'u'), ...totals(null, 0, 0, 'v')];
    expect(await barredOf(quotas, batch)).toEqual(new Set(['z']));
  });

  it('is less by what was created here since', async () => {
    const quotas = new NameQuotas(new HandClock());
    const batch = totals('a', 5, 3, 'x', 'y');
    quotas.note(['x'], new Map(batch.map((total) => [total.name, total])));
    expect(await barredOf(quotas, totals('a', 5, 3, 'y', 'z'))).toEqual(new Set(['z']));
    expect(await barredOf(quotas, totals('b', 5, 3, 'y', 'z'))).toEqual(new Set());
  });

  it('for as long as what is known of the key may be older', async () => {
    const clock = new HandClock();
    const quotas = new NameQuotas(clock);
    const batch = totals('a', 5, 3, 'x', 'y');
    quotas.note(['x'], new Map(batch.map((total) => [total.name, total])));
    clock.pass(5_000);
    expect(await barredOf(quotas, totals('a', 5, 3, 'y', 'z'))).toEqual(new Set(['z']));
    clock.pass(1);
    expect(await barredOf(quotas, totals('a', 5, 3, 'y', 'z'))).toEqual(new Set());
  });
  it('is less by what batches under way may create, until they are back', async () => {
    const quotas = new NameQuotas(new HandClock());
    let back: () => void = () => undefined;
    const first = quotas.sending(totals('a', 5, 3, 'x'), () => new Promise<void>((resolve) => (back = resolve)));
    expect(await barredOf(quotas, totals('a', 5, 3, 'y', 'z'))).toEqual(new Set(['z']));
    back();
    await first;
    expect(await barredOf(quotas, totals('a', 5, 3, 'y', 'z'))).toEqual(new Set());
  });

  it('is not less for a batch that failed', async () => {
    const quotas = new NameQuotas(new HandClock());
    const failing = quotas.sending(totals('a', 5, 3, 'x', 'y'), () => Promise.reject(new Error('lost')));
    await expect(failing).rejects.toThrow('lost');
    expect(await barredOf(quotas, totals('a', 5, 3, 'y', 'z'))).toEqual(new Set());
  });
});
