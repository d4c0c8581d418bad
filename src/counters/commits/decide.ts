import { type Counter, isCounter, type Truth } from '../../domain/counter.js';
import { MAX_VALUE } from '../../domain/operands.js';
import type { Condition, Operation, Outcome, RefusalCode } from '../../domain/operation.js';

/**
 * Decides one operation against the truth under the row's lock. Pure: the rules of counters, and nothing else.
 *
 * @param truth before the operation
 * @param now RFC 3339, from the database's clock
 * @param requestId goes into a refusal
 */
export function decide(operation: Operation, truth: Truth, now: string, requestId: string): Outcome {
  const refuse = (code: RefusalCode, detail: string): Outcome => ({ kind: 'refused', code, detail, truth, requestId });

  if (operation.kind !== 'increment' && !holds(operation.condition, truth)) {
    const found = isCounter(truth) ? `the counter is at version ${truth.version}` : 'there is no such counter';
    return refuse('version_mismatch', `The precondition does not hold: ${found}.`);
  }

  switch (operation.kind) {
    case 'increment': {
      const before = isCounter(truth) ? truth : emptyCounter(truth, now);
      const sum = BigInt(before.value) + BigInt(operation.by);
      if (sum > MAX_VALUE || sum < -MAX_VALUE) {
        return refuse('value_overflow', `The sum ${sum} is outside of -${MAX_VALUE} to ${MAX_VALUE}.`);
      }
      return (
        outOfBounds(Number(sum), before, refuse) ??
        done(before, { value: Number(sum) }, now, { created: !isCounter(truth) })
      );
    }
    case 'reset': {
      if (!isCounter(truth)) return refuse('not_found', 'There is no such counter.');
      return (
        outOfBounds(operation.to, truth, refuse) ?? done(truth, { value: operation.to }, now, { previous: truth.value })
      );
    }
    case 'set': {
      const before = isCounter(truth) ? truth : emptyCounter(truth, now);
      const min = operation.min === undefined ? before.min : operation.min;
      const max = operation.max === undefined ? before.max : operation.max;
      if (min !== null && max !== null && min > max) {
        return refuse('invalid_request', `The lower bound ${min} is above the upper bound ${max}.`);
      }
      return (
        outOfBounds(operation.value, { min, max }, refuse) ??
        done(before, { value: operation.value, min, max }, now, { created: !isCounter(truth) })
      );
    }
    case 'delete': {
      if (!isCounter(truth)) return refuse('not_found', 'There is no such counter.');
      const absence = { name: truth.name, value: null, version: truth.version + 1 };
      return { kind: 'done', truth: absence, created: false, previous: null };
    }
  }
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

/** A name starts at 0, without bounds, and goes on with its version where it was deleted before. */
function emptyCounter({ name, version }: Truth, now: string): Counter {
  return { name, value: 0, version, min: null, max: null, createdAt: now, updatedAt: now };
}

function outOfBounds(
  value: number,
  { min, max }: Pick<Counter, 'min' | 'max'>,
  refuse: (code: RefusalCode, detail: string) => Outcome,
): Outcome | null {
  if (max !== null && value > max)
    return refuse('out_of_bounds', `The value would be ${value}, above the maximum ${max}.`);
  if (min !== null && value < min)
    return refuse('out_of_bounds', `The value would be ${value}, below the minimum ${min}.`);
  return null;
}

function done(
  before: Counter,
  change: Partial<Pick<Counter, 'value' | 'min' | 'max'>>,
  now: string,
  { created = false, previous = null }: { created?: boolean; previous?: number | null },
): Outcome {
  // A clock that was set back must not make a later version look older.
  const updatedAt = now > before.updatedAt ? now : before.updatedAt;
  return {
    kind: 'done',
    truth: { ...before, ...change, version: before.version + 1, updatedAt },
    created,
    previous,
  };
}
