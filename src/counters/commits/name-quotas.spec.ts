import { HandClock } from '../../../test/support/hand-clock.js';
import { NameQuotas } from './name-quotas.js';

const totals = (keyId: string | null, maxNames: number, names: number, ...of: string[]) =>
  of.map((name) => ({ name, creator: keyId === null ? null : { keyId, maxNames, names } }));

describe('what a batch may bring into being', () => {
  it('is bounded by what the key has left, in order of arrival', () => {
    const quotas = new NameQuotas(new HandClock());
    const batch = [...totals('a', 5, 3, 'x', 'y', 'z'), ...totals('b', 9, 0, 'u'), ...totals(null, 0, 0, 'v')];
    expect(quotas.barredOf(batch)).toEqual(new Set(['z']));
  });

  it('is less by what was created here since', () => {
    const quotas = new NameQuotas(new HandClock());
    const batch = totals('a', 5, 3, 'x', 'y');
    quotas.note(['x'], new Map(batch.map((total) => [total.name, total])));
    expect(quotas.barredOf(totals('a', 5, 3, 'y', 'z'))).toEqual(new Set(['z']));
    expect(quotas.barredOf(totals('b', 5, 3, 'y', 'z'))).toEqual(new Set());
  });

  it('for as long as what is known of the key may be older', () => {
    const clock = new HandClock();
    const quotas = new NameQuotas(clock);
    const batch = totals('a', 5, 3, 'x', 'y');
    quotas.note(['x'], new Map(batch.map((total) => [total.name, total])));
    clock.pass(5_000);
    expect(quotas.barredOf(totals('a', 5, 3, 'y', 'z'))).toEqual(new Set(['z']));
    clock.pass(1);
    expect(quotas.barredOf(totals('a', 5, 3, 'y', 'z'))).toEqual(new Set());
  });
});
