/**
 * Names that are worked through in one step: a SELECT, or a look at the cache, of so many takes milliseconds. Large
 * enough to keep up with a storm of misses, small enough to let others in between.
 */
export const NAMES_IN_STEP = 500;

/** Cuts what is to be worked through into steps, in its order. */
export function stepsOf<T>(items: readonly T[], size: number = NAMES_IN_STEP): T[][] {
  const steps: T[][] = [];
  for (let start = 0; start < items.length; start += size) steps.push(items.slice(start, start + size));
  return steps;
}
