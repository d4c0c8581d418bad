import { isValue, MAX_VALUE } from '../../domain/operands.js';
import { CommandError } from './command-error.js';

export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const OVERFLOW = 'ERR increment or decrement would overflow';

/** As Redis writes integers: no plus, no zeros in front, no minus zero. */
const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = '-9223372036854775808';

/**
 * A whole number of 64 bits.
 *
 * @throws CommandError
 */
export function int64Of(text: string, fault = NOT_AN_INTEGER): bigint {
  if (!INTEGER.test(text)) throw new CommandError(fault);
  const value = BigInt(text);
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) throw new CommandError(fault);
  return value;
}

/**
 * What a counter is set to. Beyond what it can hold it is refused as Redis refuses what does not fit into 64 bits.
 *
 * @throws CommandError
 */
export function valueOf(text: string): number {
  if (!INTEGER.test(text)) throw new CommandError(NOT_AN_INTEGER);
  const value = Number(text);
  if (!isValue(value)) throw new CommandError(NOT_AN_INTEGER);
  return value;
}

/**
 * What is added to a counter: more than a counter can hold never fits.
 *
 * @throws CommandError
 */
export function amountOf(text: string): number {
  const amount = int64Of(text);
  if (amount > MAX_VALUE || amount < -MAX_VALUE) throw new CommandError(OVERFLOW);
  return Number(amount);
}

/**
 * The same of what is taken away: what is added is its opposite.
 *
 * @throws CommandError
 */
export function takenOf(text: string): number {
  // It has no opposite of 64 bits, which Redis tells so.
  if (text === MIN_INT64) throw new CommandError('ERR decrement would overflow');
  const amount = amountOf(text);
  // Zero has no sign.
  return amount === 0 ? 0 : -amount;
}
