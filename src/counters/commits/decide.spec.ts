import type { Counter, Truth } from '../../domain/counter.js';
import { MAX_VALUE } from '../../domain/operands.js';
import { decide } from './decide.js';
import type { Condition, Expire, Expiry, Operation, Outcome } from '../../domain/operation.js';

const NOW = '2026-01-02T00:00:00.000Z';
const counter: Counter = {
  name: 'c',
  value: 5,
  version: 3,
  min: 0,
  max: 10,
  expiresAt: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};
const never: Truth = { name: 'c', value: null, version: 0 };
const deleted: Truth = { name: 'c', value: null, version: 7 };

const increment = (by: number): Operation => ({ kind: 'increment', name: 'c', by });
const reset = (to: number, condition: Condition | null = null): Operation => ({
  kind: 'reset',
  name: 'c',
  to,
  condition,
});
const remove = (condition: Condition | null = null): Operation => ({ kind: 'delete', name: 'c', condition });
const set = (
  value: number,
  bounds: { min?: number | null; max?: number | null } = {},
  condition: Condition | null = null,
): Operation => ({ kind: 'set', name: 'c', value, min: bounds.min, max: bounds.max, condition });

const rule = (operation: Operation, truth: Truth): Outcome => decide(operation, truth, NOW, 'request');
const codeOf = (outcome: Outcome): string => (outcome.kind === 'refused' ? outcome.code : outcome.kind);

describe('an increment', () => {
  it('adds, and counts one version', () => {
    expect(rule(increment(2), counter)).toMatchObject({
      truth: { value: 7, version: 4, updatedAt: NOW },
      created: false,
    });
  });

  it('creates a counter at 0 first, which goes on with the version of a deleted one', () => {
    expect(rule(increment(2), never)).toMatchObject({ truth: { value: 2, version: 1, createdAt: NOW }, created: true });
    expect(rule(increment(2), deleted)).toMatchObject({ truth: { value: 2, version: 8, min: null, max: null } });
  });

  it.each([
    [5, 'done'],
    [6, 'out_of_bounds'],
    [-5, 'done'],
    [-6, 'out_of_bounds'],
  ])('by %i is %s at both edges of the bounds', (by, expected) => {
    expect(codeOf(rule(increment(by), counter))).toBe(expected);
  });

  it.each([
    [MAX_VALUE - 1, 1, 'done'],
    [MAX_VALUE, 1, 'value_overflow'],
    [MAX_VALUE, MAX_VALUE, 'value_overflow'],
    [-MAX_VALUE + 1, -1, 'done'],
    [-MAX_VALUE, -1, 'value_overflow'],
  ])('from %i by %i is %s at both edges of the range', (value, by, expected) => {
    expect(codeOf(rule(increment(by), { ...counter, value, min: null, max: null }))).toBe(expected);
  });

  it('never makes a later version look older, though the clock was set back', () => {
    const later = { ...counter, updatedAt: '2027-01-01T00:00:00.000Z' };
    expect(rule(increment(1), later)).toMatchObject({ truth: { updatedAt: later.updatedAt } });
  });
});

describe('a reset', () => {
  it('tells the previous value', () => {
    expect(rule(reset(0), counter)).toMatchObject({ truth: { value: 0, version: 4 }, previous: 5 });
  });

  it('is refused outside of the bounds, and where there is no counter', () => {
    expect(codeOf(rule(reset(11), counter))).toBe('out_of_bounds');
    expect(codeOf(rule(reset(0), never))).toBe('not_found');
  });
});

describe('a set', () => {
  it('creates, or changes; a bound left out stays, null removes it', () => {
    expect(rule(set(1), never)).toMatchObject({ created: true, truth: { value: 1, version: 1, min: null } });
    expect(rule(set(1, { max: null }), counter)).toMatchObject({ created: false, truth: { min: 0, max: null } });
  });

  it('is refused where the bounds contradict each other, also a new one and an old one', () => {
    expect(codeOf(rule(set(1, { min: 2, max: 1 }), counter))).toBe('invalid_request');
    expect(codeOf(rule(set(1, { min: 11 }), counter))).toBe('invalid_request');
  });

  it('is refused where the value is outside of the new bounds', () => {
    expect(codeOf(rule(set(11), counter))).toBe('out_of_bounds');
    expect(codeOf(rule(set(11, { max: 11 }), counter))).toBe('done');
  });
});

describe('a deletion', () => {
  it('leaves an absence at the next version', () => {
    expect(rule(remove(), counter)).toMatchObject({ truth: { value: null, version: 4 } });
    expect(codeOf(rule(remove(), deleted))).toBe('not_found');
  });
});

describe('a precondition', () => {
  const matches = (...versions: number[]): Condition => ({ kind: 'matches', versions });

  it.each([
    ['the right version', matches(2, 3), counter, 'done'],
    ['another version', matches(4), counter, 'version_mismatch'],
    ['a version, of a counter that is not there', matches(7), deleted, 'version_mismatch'],
    ['any counter, of one that is there', { kind: 'exists' } as const, counter, 'done'],
    ['any counter, of one that is not there', { kind: 'exists' } as const, never, 'version_mismatch'],
    ['no counter, where there is one', { kind: 'absent' } as const, counter, 'version_mismatch'],
    ['no counter, where there is none', { kind: 'absent' } as const, deleted, 'done'],
  ])('on %s decides a set', (_, condition, truth, expected) => {
    expect(codeOf(rule(set(1, {}, condition), truth))).toBe(expected);
  });

  it('comes before what else may be wrong', () => {
    expect(codeOf(rule(remove(matches(1)), never))).toBe('version_mismatch');
    expect(codeOf(rule(reset(0, matches(1)), never))).toBe('version_mismatch');
  });
});

describe('an expiry', () => {
  const [SOONER, ENDS, LATER] = ['2026-01-02T00:00:01.000Z', '2026-01-02T00:00:02.000Z', '2026-01-02T00:00:03.000Z'];
  const lasting: Truth = { ...counter, expiresAt: null };
  const ending: Truth = { ...counter, expiresAt: ENDS };
  const within = (ms: number, where: 'always' | 'ifNone' = 'always'): Expiry => ({ kind: 'in', ms, where });
  const at = (moment: string): Expiry => ({ kind: 'at', moment, where: 'always' });
  const expire = (expiry: Expiry, only: Partial<Pick<Expire, 'has' | 'than'>> = {}): Operation => ({
    kind: 'expire',
    name: 'c',
    expiry,
    has: null,
    than: null,
    condition: null,
    ...only,
  });
  const writes: [string, (expiry?: Expiry) => Operation][] = [
    ['an increment', (expiry) => ({ ...increment(1), expiry }) as Operation],
    ['a set', (expiry) => ({ ...set(5), expiry }) as Operation],
    ['a reset', (expiry) => ({ ...reset(5), expiry }) as Operation],
  ];

  it.each(writes)('of %s takes the place of another one, or not, or is taken away', (_, write) => {
    const endOf = (expiry: Expiry | undefined, truth: Truth): unknown =>
      (rule(write(expiry), truth).truth as Counter).expiresAt;
    expect(endOf(undefined, ending)).toBe(ENDS);
    expect(endOf(undefined, lasting)).toBeNull();
    expect(endOf(within(1_000), ending)).toBe(SOONER);
    expect(endOf(within(1_000, 'ifNone'), ending)).toBe(ENDS);
    expect(endOf(within(1_000, 'ifNone'), lasting)).toBe(SOONER);
    expect(endOf(at(LATER), ending)).toBe(LATER);
    expect(endOf({ kind: 'never' }, ending)).toBeNull();
  });

  it('is a change of its own, and tells nothing of the value', () => {
    expect(rule(expire(at(LATER)), ending)).toMatchObject({
      truth: { value: 5, version: 4, expiresAt: LATER, updatedAt: NOW },
      previous: null,
    });
  });

  it('at a moment that is past deletes', () => {
    const past = rule(expire(at(NOW)), lasting);
    expect(past).toMatchObject({ kind: 'done', truth: { value: null, version: 4 }, previous: 5 });
  });

  it.each<[Partial<Pick<Expire, 'has' | 'than'>>, string, Truth, string]>([
    [{ has: 'none' }, LATER, ending, 'version_mismatch'],
    [{ has: 'none' }, LATER, lasting, 'done'],
    [{ has: 'some' }, LATER, ending, 'done'],
    [{ has: 'some' }, LATER, lasting, 'version_mismatch'],
    [{ than: 'later' }, LATER, ending, 'done'],
    [{ than: 'later' }, ENDS, ending, 'version_mismatch'],
    [{ than: 'later' }, LATER, lasting, 'version_mismatch'],
    [{ than: 'sooner' }, SOONER, ending, 'done'],
    [{ than: 'sooner' }, ENDS, ending, 'version_mismatch'],
    [{ than: 'sooner' }, LATER, lasting, 'done'],
    [{ has: 'some', than: 'sooner' }, LATER, lasting, 'version_mismatch'],
    [{ has: 'some' }, LATER, deleted, 'not_found'],
  ])('only where %j, to %s', (only, moment, truth, expected) => {
    expect(codeOf(rule(expire(at(moment), only), truth))).toBe(expected);
  });

  it('ends with its counter: what begins anew has none', () => {
    expect(rule(increment(1), deleted)).toMatchObject({ truth: { expiresAt: null } });
  });
});

it('a set and a deletion tell the value before, and an increment does not', () => {
  expect([set(7), remove(), increment(1)].map((operation) => rule(operation, counter))).toMatchObject([
    { previous: 5 },
    { previous: 5 },
    { previous: null },
  ]);
  expect(rule(set(7), never)).toMatchObject({ previous: null, created: true });
});

describe('an increment within limits', () => {
  const within = (by: number, lowest: number, highest: number, saturates = false): Operation => ({
    kind: 'incrementWithin',
    name: 'c',
    by,
    lowest,
    highest,
    saturates,
    condition: null,
  });

  it('adds what fits and tells the value before', () => {
    expect(rule(within(2, 0, 7), counter)).toMatchObject({ truth: { value: 7, version: 4 }, previous: 5 });
    expect(rule(within(-5, 0, 7), counter)).toMatchObject({ truth: { value: 0 }, previous: 5 });
    expect(codeOf(rule(within(3, 0, 7), counter))).toBe('out_of_bounds');
    expect(codeOf(rule(within(-6, 0, 7), counter))).toBe('out_of_bounds');
  });

  it('goes as far as its limits and those of the counter let it, where it saturates', () => {
    expect(rule(within(3, 0, 7, true), counter)).toMatchObject({ truth: { value: 7 } });
    expect(rule(within(100, -MAX_VALUE, MAX_VALUE, true), counter)).toMatchObject({ truth: { value: 10 } });
    expect(rule(within(-100, -MAX_VALUE, MAX_VALUE, true), counter)).toMatchObject({ truth: { value: 0 } });
    expect(codeOf(rule(within(1, 11, 20, true), counter))).toBe('out_of_bounds');
    expect(rule(within(MAX_VALUE, 0, MAX_VALUE, true), { ...counter, max: null })).toMatchObject({
      truth: { value: MAX_VALUE },
    });
  });

  it('begins at 0 where there is no counter', () => {
    expect(rule(within(3, 0, 5), never)).toMatchObject({ truth: { value: 3, version: 1 }, created: true, previous: 0 });
  });
});
