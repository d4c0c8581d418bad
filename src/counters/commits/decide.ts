import { type Counter, isCounter, type Truth } from '../../domain/counter.js';
import { areBounds, MAX_VALUE } from '../../domain/operands.js';
import type {
  Condition,
  Done,
  Expire,
  Increment,
  IncrementWithin,
  Operation,
  Outcome,
  RefusalCode,
  Reset,
  SetCounter,
} from '../../domain/operation.js';
import { expiresAtAfter, faultOfExpire, isRefused, momentOf } from './expiry-rule.js';

/** What a rule comes to: what was done, or why it was not. */
type Ruled = Done | Fault;

interface Fault {
  readonly kind: 'fault';
  readonly code: RefusalCode;
  readonly detail: string;
}

/**
 * Decides one operation against the truth under the row's lock. Pure: the rules of counters, and nothing else.
 *
 * @param truth before the operation; a counter whose time is over is an absence by then
 * @param now RFC 3339, from the database's clock
 * @param requestId goes into a refusal
 */
export function decide(operation: Operation, truth: Truth, now: string, requestId: string): Outcome {
  const ruled = rule(operation, truth, now);
  if (ruled.kind === 'done') return ruled;
  return { kind: 'refused', code: ruled.code, detail: ruled.detail, truth, requestId };
}

function rule(operation: Operation, truth: Truth, now: string): Ruled {
  if (operation.kind !== 'increment' && !holds(operation.condition, truth)) {
    const found = isCounter(truth) ? `the counter is at version ${truth.version}` : 'there is no such counter';
    return fault('version_mismatch', `The precondition does not hold: ${found}.`);
  }
  if (operation.kind !== 'delete' && isRefused(operation.expiry, now)) {
    return fault('invalid_request', 'The moment at which the counter is to end is past.');
  }
  switch (operation.kind) {
    case 'increment':
      return increment(operation, truth, now);
    case 'incrementWithin':
      return incrementWithin(operation, truth, now);
    case 'set':
      return set(operation, truth, now);
    case 'reset':
      return isCounter(truth) ? reset(operation, truth, now) : NOT_FOUND;
    case 'delete':
      return isCounter(truth) ? deleted(truth) : NOT_FOUND;
    case 'expire':
      return isCounter(truth) ? expire(operation, truth, now) : NOT_FOUND;
  }
}

function increment({ by, expiry }: Increment, truth: Truth, now: string): Ruled {
  const before = isCounter(truth) ? truth : emptyCounter(truth, now);
  const sum = BigInt(before.value) + BigInt(by);
  if (sum > MAX_VALUE || sum < -MAX_VALUE) {
    return fault('value_overflow', `The sum ${sum} is outside of -${MAX_VALUE} to ${MAX_VALUE}.`);
  }
  const value = Number(sum);
  const expiresAt = expiresAtAfter(expiry, before.expiresAt, now);
  return outOfBounds(value, before) ?? done(before, { value, expiresAt }, now, { created: !isCounter(truth) });
}

function incrementWithin(operation: IncrementWithin, truth: Truth, now: string): Ruled {
  const { by, saturates, expiry } = operation;
  const before = isCounter(truth) ? truth : emptyCounter(truth, now);
  const min = Math.max(operation.lowest, before.min ?? -MAX_VALUE);
  const max = Math.min(operation.highest, before.max ?? MAX_VALUE);
  const sum = BigInt(before.value) + BigInt(by);
  const value = sum > max ? max : sum < min ? min : Number(sum);
  if (BigInt(value) !== sum && (!saturates || min > max)) {
    return fault('out_of_bounds', `The value would be ${sum}, outside of ${min} to ${max}.`);
  }
  const expiresAt = expiresAtAfter(expiry, before.expiresAt, now);
  return done(before, { value, expiresAt }, now, { created: !isCounter(truth), previous: before.value });
}

function set({ value, expiry, ...bounds }: SetCounter, truth: Truth, now: string): Ruled {
  const before = isCounter(truth) ? truth : emptyCounter(truth, now);
  const min = bounds.min === undefined ? before.min : bounds.min;
  const max = bounds.max === undefined ? before.max : bounds.max;
  if (!areBounds(min, max)) {
    return fault('invalid_request', `The lower bound ${min} is above the upper bound ${max}.`);
  }
  const expiresAt = expiresAtAfter(expiry, before.expiresAt, now);
  const told = { created: !isCounter(truth), previous: truth.value };
  return outOfBounds(value, { min, max }) ?? done(before, { value, min, max, expiresAt }, now, told);
}

function reset({ to, expiry }: Reset, before: Counter, now: string): Ruled {
  const expiresAt = expiresAtAfter(expiry, before.expiresAt, now);
  return outOfBounds(to, before) ?? done(before, { value: to, expiresAt }, now, { previous: before.value });
}

function deleted({ name, value, version }: Counter): Ruled {
  return { kind: 'done', truth: { name, value: null, version: version + 1 }, created: false, previous: value };
}

function expire(operation: Expire, before: Counter, now: string): Ruled {
  const reason = faultOfExpire(operation, before, now);
  if (reason !== null) return fault('version_mismatch', `The precondition does not hold: ${reason}.`);
  const expiresAt = momentOf(operation.expiry, now);
  return expiresAt !== null && expiresAt <= now ? deleted(before) : done(before, { expiresAt }, now, {});
}

function holds(condition: Condition | null, truth: Truth): boolean {
  if (condition === null) return true;
  switch (condition.kind) {
    case 'matches':
      return isCounter(truth) && condition.versions.includes(truth.version);
    case 'exists':
      return isCounter(truth);
    case 'absent':
      return !isCounter(truth);
  }
}

/** A name starts at 0, without bounds or an end, and goes on with its version where it was deleted before. */
function emptyCounter({ name, version }: Truth, now: string): Counter {
  return { name, value: 0, version, min: null, max: null, expiresAt: null, createdAt: now, updatedAt: now };
}

function outOfBounds(value: number, { min, max }: Pick<Counter, 'min' | 'max'>): Fault | null {
  if (max !== null && value > max)
    return fault('out_of_bounds', `The value would be ${value}, above the maximum ${max}.`);
  if (min !== null && value < min)
    return fault('out_of_bounds', `The value would be ${value}, below the minimum ${min}.`);
  return null;
}

function fault(code: RefusalCode, detail: string): Fault {
  return { kind: 'fault', code, detail };
}

const NOT_FOUND = fault('not_found', 'There is no such counter.');

function done(
  before: Counter,
  change: Partial<Pick<Counter, 'value' | 'min' | 'max' | 'expiresAt'>>,
  now: string,
  { created = false, previous = null }: { created?: boolean; previous?: number | null },
): Done {
  // A clock that was set back must not make a later version look older.
  const updatedAt = now > before.updatedAt ? now : before.updatedAt;
  return { kind: 'done', truth: { ...before, ...change, version: before.version + 1, updatedAt }, created, previous };
}
