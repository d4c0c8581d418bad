import { InvalidArgumentError } from 'commander';
import { MAX_VALUE } from '../domain/operands.js';

/** @throws InvalidArgumentError for what is no whole number above 0 */
export function wholeNumber(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError('It takes a whole number above 0.');
  }
  return number;
}

/** The same, with a greatest one. */
export const wholeNumberUpTo =
  (max: number) =>
  (text: string): number => {
    if (wholeNumber(text) > max) throw new InvalidArgumentError(`It takes a whole number up to ${max}.`);
    return Number(text);
  };

/** @throws InvalidArgumentError for what no counter can hold */
export function integer(text: string): number {
  const number = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError(`It takes an integer from -${MAX_VALUE} to ${MAX_VALUE}.`);
  }
  // There is a -0, and no counter holds it.
  return number === 0 ? 0 : number;
}

/** A bound, or "none": the parser takes null for an option without a value. */
export function boundOrNone(text: string): number | 'none' {
  return text === 'none' ? text : integer(text);
}
