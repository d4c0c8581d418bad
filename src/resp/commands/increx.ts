import { MAX_VALUE } from '../../domain/operands.js';
import type { Condition, Expiry, IncrementWithin, Outcome } from '../../domain/operation.js';
import { CommandError, syntaxError } from '../../wire/resp/command-error.js';
import { amountOf, int64Of, NOT_AN_INTEGER } from '../../wire/resp/integers.js';
import { array, integer, noArray, type Protocol } from '../../wire/resp/reply.js';
import { type Command, ONE_NAME } from '../command.js';
import { expiryOf, isUnit, type Unit } from '../expiry.js';
import { refusal } from '../faults.js';

/** INCREX, as of Redis 8.8 and Valkey 9.2: an increment within limits, and when the counter ends. */
export const INCREX: Command = {
  name: 'increx',
  arity: -2,
  // An end of a millisecond would delete.
  rule: (args) => (args.slice(2).some(isAboutEnd) ? 'set' : 'increment'),
  names: ONE_NAME,
  flags: ['write', 'denyoom', 'fast'],
  group: 'counting',
  summary: 'Adds within limits; answers the value and what was added: 0 where it does not fit.',
  differs: 'Integers only. The bounds of the counter itself are limits too.',
  syntax:
    'key [BYINT increment] [LBOUND lowerbound] [UBOUND upperbound] [SATURATE] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] [ENX] [NX | XX]',
  plan: ([, , ...words], { names: [name = ''], client: { protocol } }) => ({
    kind: 'decided',
    operations: [operationIn(name, words)],
    answer: ([outcome]) => (outcome === undefined ? '' : valueAndAdded(outcome, protocol)),
  }),
};

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
  if (outcome.kind === 'done') {
    const value = BigInt(outcome.truth.value ?? 0);
    // Two values may lie further apart than a number is exact.
    return array([integer(value), integer(value - BigInt(outcome.previous ?? 0))]);
  }
  if (outcome.code === 'version_mismatch') return noArray(protocol);
  if (outcome.code !== 'out_of_bounds') return refusal(outcome);
  return array([integer(outcome.truth.value ?? 0), integer(0)]);
}
