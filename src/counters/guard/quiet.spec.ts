import { isQuiet, type Quiet, quietAfter } from './quiet.js';

const WAITS = { period: 3, stranger: 4 };
const seen = { database: 'here', period: '7', vouched: false };

const after = (before: Quiet | null, change: Partial<typeof seen>, answeredAt: number): Quiet =>
  quietAfter(before, { ...seen, ...change }, answeredAt, WAITS);

describe('nobody counts as blind', () => {
  const started = after(null, {}, 10);

  it('where somebody has waited for that, at once', () => {
    expect(isQuiet(after(null, { vouched: true }, 10), 10)).toBe(true);
    expect(isQuiet(after(started, { database: 'there', vouched: true }, 11), 11)).toBe(true);
  });

  it('where nobody has, once this process has seen the database for longer than a blind period', () => {
    expect([13.9, 14].map((sentAt) => isQuiet(after(started, {}, 20), sentAt))).toEqual([false, true]);
  });

  it('after a blind period, as long as who registered it may believe in it', () => {
    const calm = after(null, { vouched: true }, 10);
    const blind = after(calm, { period: '8' }, 20);
    expect([22.9, 23].map((sentAt) => isQuiet(after(blind, { period: '8' }, 30), sentAt))).toEqual([false, true]);
    expect(blind.because).toBe('blind');
  });

  it('not before, whatever else is seen meanwhile', () => {
    expect(after(started, { period: '8' }, 10.5).from).toBe(14);
    expect(after(started, { period: '8' }, 13).from).toBe(16);
  });

  it('under another database, where a blind period of the one before may be unknown, after a wait', () => {
    const elsewhere = after(after(null, { vouched: true }, 10), { database: 'there' }, 20);
    expect(elsewhere).toMatchObject({ from: 24, because: 'stranger' });
    expect(after(elsewhere, { database: 'there' }, 21).from).toBe(24);
  });
});
