import { MAX_VALUE } from '../../domain/operands.js';
import type { Condition, Expiry, Increment, IncrementWithin, Outcome, Refused } from '../../domain/operation.js';
import { CommandError, syntaxError } from '../../wire/resp/command-error.js';
import { amountOf, int64Of, NOT_AN_INTEGER } from '../../wire/resp/integers.js';
import { array, integer, noArray, type Protocol } from '../../wire/resp/reply.js';
import { type Command, ONE_NAME, type Step } from '../command.js';
import { expiryOf, isUnit, type Unit } from '../expiry.js';
import { refusal } from '../faults.js';

/** INCREX, as of Redis 8.8 and Valkey 9.2: an increment within limits, and when the counter ends. */
export const INCREX: Command = {
  name: 'increx',
  arity: -2,
  // An end of a millisecond would delete.
  rule: (args) => (args.slice(2).some(isAboutEnd) ? 'expire' : 'increment'),
  names: ONE_NAME,
  flags: ['write', 'denyoom', 'fast'],
  group: 'counting',
  summary: 'Adds within limits; answers the value and what was added: 0 where it does not fit.',
  differs: 'Integers only. The bounds of the counter itself are limits too.',
  syntax:
    'key [BYINT increment] [LBOUND lowerbound] [UBOUND upperbound] [SATURATE] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] [ENX] [NX | XX]',
  plan: ([, , ...words], { names: [name = ''], client: { protocol }, isOnce }) => {
    const operation = operationIn(name, words);
    // An id stands for the request as it was taken, maybe by a version that decided each of them.
    const plain = isOnce ? null : plainIn(operation);
    return plain === null ? deciding(operation, protocol) : adding(plain, protocol);
  },
};

/** The same as an increment like any other, of the fast lanes; null: limits, conditions or PERSIST are to be decided. */
function plainIn({ name, by, lowest, highest, saturates, expiry, condition }: IncrementWithin): Increment | null {
  if (lowest > -MAX_VALUE || highest < MAX_VALUE || saturates || condition !== null) return null;
  return expiry?.kind === 'never' ? null : { kind: 'increment', name, by, expiry };
}

function adding(operation: Increment, protocol: Protocol): Step {
  const answer = (counted: number | Refused): string =>
    typeof counted === 'number' ? array([integer(counted), integer(operation.by)]) : notAdded(counted, protocol);
  return { kind: 'increment', operation, answer };
}

function deciding(operation: IncrementWithin, protocol: Protocol): Step {
  const answer = ([outcome]: readonly Outcome[]): string =>
    outcome === undefined ? '' : valueAndAdded(outcome, protocol);
  return { kind: 'decided', operations: [operation], answer };
}

function isAboutEnd(word: string): boolean {
  const option = word.toUpperCase();
  return isUnit(option) || option === 'PERSIST';
}

/** @throws CommandError */
function operationIn(name: string, words: readonly string[]): IncrementWithin {
  const given = new Map<string, string>();
  for (let at = 0; at < words.length; at += 1) {
    const word = (words[at] ?? '').toUpperCase();
    if (given.has(word) || !(FLAGS.has(word) || VALUES.has(word) || isUnit(word))) return syntaxError();
    if (FLAGS.has(word)) given.set(word, '');
    else {
      at += 1;
      const value = words[at];
      if (value === undefined) return syntaxError();
      given.set(word, value);
    }
  }
  // A counter is an integer.
  if (given.has('BYFLOAT')) throw new CommandError(NOT_AN_INTEGER);
  const lowest = limitOf(given.get('LBOUND'), 'lower', -MAX_VALUE);
  const highest = limitOf(given.get('UBOUND'), 'upper', MAX_VALUE);
  if (lowest > highest) throw new CommandError("ERR LBOUND can't be greater than UBOUND");
  return {
    kind: 'incrementWithin',
    name,
    by: amountOf(given.get('BYINT') ?? '1'),
    lowest,
    highest,
    saturates: given.has('SATURATE'),
    expiry: expiryIn(given),
    condition: conditionIn(given),
  };
}

const FLAGS: ReadonlySet<string> = new Set(['SATURATE', 'PERSIST', 'ENX', 'NX', 'XX']);
const VALUES: ReadonlySet<string> = new Set(['BYINT', 'BYFLOAT', 'LBOUND', 'UBOUND']);

/** @throws CommandError */
function limitOf(text: string | undefined, which: 'lower' | 'upper', otherwise: number): number {
  if (text === undefined) return otherwise;
  const limit = int64Of(text, `ERR ${which} bound is not an integer or out of range`);
  if (limit > MAX_VALUE) return MAX_VALUE;
  return limit < -MAX_VALUE ? -MAX_VALUE : Number(limit);
}

/** @throws CommandError */
function expiryIn(given: ReadonlyMap<string, string>): Expiry | undefined {
  const units = [...given.keys()].filter((word): word is Unit => isUnit(word));
  const [unit, another] = units;
  const persists = given.has('PERSIST');
  if (another !== undefined || (persists && (unit !== undefined || given.has('ENX')))) return syntaxError();
  if (persists) return { kind: 'never' };
  if (unit === undefined) {
    if (given.has('ENX')) throw new CommandError('ERR ENX flag requires an expiration');
    return undefined;
  }
  return expiryOf(unit, given.get(unit) ?? '', 'increx', given.has('ENX') ? 'ifNone' : 'always');
}

/** @throws CommandError */
function conditionIn(given: ReadonlyMap<string, string>): Condition | null {
  if (given.has('NX') && given.has('XX')) return syntaxError();
  if (given.has('NX')) return { kind: 'absent' };
  return given.has('XX') ? { kind: 'exists' } : null;
}

function valueAndAdded(outcome: Outcome, protocol: Protocol): string {
  if (outcome.kind === 'refused') return notAdded(outcome, protocol);
  const value = BigInt(outcome.truth.value ?? 0);
  // Two values may lie further apart than a number is exact.
  return array([integer(value), integer(value - BigInt(outcome.previous ?? 0))]);
}

function notAdded(refused: Refused, protocol: Protocol): string {
  switch (refused.code) {
    case 'version_mismatch':
      return noArray(protocol);
    case 'out_of_bounds':
    case 'value_overflow':
      return array([integer(refused.truth.value ?? 0), integer(0)]);
    case 'not_found':
    case 'invalid_request':
    case 'quota_exceeded':
      return refusal(refused);
  }
}
