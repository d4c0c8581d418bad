import { valueInJson } from '../../domain/counter.js';
import type { Reading } from '../../counters/counters.service.js';
import type { Expiry, Outcome } from '../../domain/operation.js';
import { CommandError, syntaxError } from '../../wire/resp/command-error.js';
import { array, bulk, integer, nothing, type Protocol } from '../../wire/resp/reply.js';
import { ALL_NAMES, type Command, ONE_NAME } from '../command.js';
import { expiryOf, isUnit } from '../expiry.js';
import { faultAnswer, refusal } from '../faults.js';
import { previousIn } from './setting.js';

const READ = ['readonly', 'fast'] as const;

/** Reads values, and what goes with reading. */
export const VALUES: readonly Command[] = [
  {
    name: 'get',
    arity: 2,
    rule: 'read',
    names: ONE_NAME,
    flags: READ,
    group: 'values',
    summary: 'Answers the value.',
    syntax: 'key',
    plan: (_args, { names, client: { protocol } }) => ({
      kind: 'read',
      names,
      answer: ([reading]) => valueIn(reading, protocol),
    }),
  },
  {
    name: 'mget',
    arity: -2,
    rule: 'read',
    names: ALL_NAMES,
    flags: READ,
    group: 'values',
    summary: 'Answers several values.',
    differs: 'No snapshot: each value was there at some moment between the command and its answer.',
    syntax: 'key [key ...]',
    plan: (_args, { names, client: { protocol } }) => ({
      kind: 'read',
      names,
      answer: (readings) => array(readings.map((reading) => valueIn(reading, protocol))),
    }),
  },
  {
    name: 'strlen',
    arity: 2,
    rule: 'read',
    names: ONE_NAME,
    flags: READ,
    group: 'values',
    summary: 'Answers how many digits the value has, its sign included; 0 where there is none.',
    syntax: 'key',
    plan: (_args, { names }) => ({
      kind: 'read',
      names,
      answer: ([reading]) =>
        integer(reading === undefined || reading.json === null ? 0 : valueInJson(reading.json).length),
    }),
  },
  {
    name: 'getdel',
    arity: 2,
    rule: 'delete',
    names: ONE_NAME,
    flags: ['write', 'fast'],
    group: 'values',
    summary: 'Deletes the counter and answers its value.',
    syntax: 'key',
    plan: (_args, { names: [name = ''], client: { protocol } }) => ({
      kind: 'decided',
      operations: [{ kind: 'delete', name, condition: null }],
      answer: ([outcome]) => {
        if (outcome === undefined) return '';
        if (outcome.kind === 'refused' && outcome.code !== 'not_found') return refusal(outcome);
        return previousIn(outcome, protocol);
      },
    }),
  },
  {
    name: 'getex',
    arity: -2,
    // Without an option it only looks.
    rule: (args) => (args.length > 2 ? 'set' : 'read'),
    names: ONE_NAME,
    flags: ['write', 'fast'],
    group: 'values',
    summary: 'Answers the value, and changes when the counter ends.',
    syntax: 'key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]',
    plan: ([, , ...options], { names, isOnce, client: { protocol } }) => {
      const [name = ''] = names;
      const expiry = expiryIn(options);
      if (expiry === null) return { kind: 'read', names, answer: ([reading]) => valueIn(reading, protocol) };
      // As Redis: of a name that is not there the time is not looked at.
      if (expiry instanceof CommandError) {
        if (isOnce) throw expiry;
        return {
          kind: 'read',
          names,
          answer: ([reading]) => (isThere(reading) ? faultAnswer(expiry) : nothing(protocol)),
        };
      }
      const has = expiry.kind === 'never' ? 'some' : null;
      return {
        kind: 'decided',
        operations: [{ kind: 'expire', name, expiry, has, than: null, condition: null }],
        answer: ([outcome]) => (outcome === undefined ? '' : valueThen(outcome, protocol)),
      };
    },
  },
];

/** The value that was read, as it is answered. */
function valueIn(reading: Reading | undefined, protocol: Protocol): string {
  return isThere(reading) ? bulk(valueInJson(reading.json)) : nothing(protocol);
}

function isThere(reading: Reading | undefined): reading is Reading & { json: string } {
  return reading !== undefined && reading.json !== null;
}

/**
 * @returns null: nothing is said of it; an error: what is wrong with the time
 * @throws CommandError for words that are none
 */
function expiryIn(words: readonly string[]): Expiry | CommandError | null {
  // As in Redis the same may be said twice, and of times the last one counts.
  let said: string | null = null;
  let time = '';
  for (let at = 0; at < words.length; at += 1) {
    const word = (words[at] ?? '').toUpperCase();
    if ((said ??= word) !== word) return syntaxError();
    if (word === 'PERSIST') continue;
    at += 1;
    if (!isUnit(word) || at === words.length) return syntaxError();
    time = words[at] ?? '';
  }
  if (said === null) return null;
  if (!isUnit(said)) return { kind: 'never' };
  try {
    return expiryOf(said, time, 'getex');
  } catch (fault) {
    if (fault instanceof CommandError) return fault;
    throw fault;
  }
}

/** The value, whether the end was changed, left as it was, or past. */
function valueThen(outcome: Outcome, protocol: Protocol): string {
  if (outcome.kind === 'refused' && outcome.code !== 'not_found' && outcome.code !== 'version_mismatch') {
    return refusal(outcome);
  }
  const { value } = outcome.truth;
  return value === null ? previousIn(outcome, protocol) : bulk(String(value));
}
