import type { Condition } from '../../domain/watch.js';

/** The hysteresis where none is given, as a part of the limit: a value that wavers about its limit turns once. */
const DEFAULT_HYSTERESIS = 1 / 20;

/** How far a value must be back behind the limit of a condition to be ok again, where nobody said. */
export function hysteresisOf(when: Condition): number {
  const limit = 'rate' in when ? when.rate : when;
  const value = 'above' in limit || 'below' in limit ? (limit.above ?? limit.below ?? 0) : 0;
  return Math.floor(Math.abs(value) * DEFAULT_HYSTERESIS);
}
