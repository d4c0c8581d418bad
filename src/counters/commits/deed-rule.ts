import { isCounter, type Truth } from '../../domain/counter.js';
import type { Deed, DeedKind } from '../../domain/deed.js';
import type { Operation, Write } from '../../domain/operation.js';

/**
 * What is written down of a write that was done; null: nothing, as of increments.
 *
 * @param before the truth that the write found, and what it left
 */
export function deedOf({ operation, actor }: Write, before: Truth, after: Truth): Deed | null {
  const action = actionOf(operation, after);
  if (action === null || actor === undefined) return null;
  return { action, by: actor, subject: operation.name, before: stateOf(before), after: stateOf(after) };
}

function actionOf({ kind }: Operation, after: Truth): DeedKind | null {
  switch (kind) {
    case 'increment':
    case 'incrementWithin':
      return null;
    case 'set':
      return 'counter.set';
    case 'reset':
      return 'counter.reset';
    case 'delete':
      return 'counter.delete';
    case 'expire':
      // With a moment that is past it deletes; else it goes with each increment of whoever limits rates.
      return isCounter(after) ? null : 'counter.delete';
  }
}

function stateOf(truth: Truth): object | null {
  if (!isCounter(truth)) return null;
  const { value, version, min, max, expiresAt } = truth;
  return { value, version, min, max, expiresAt };
}
