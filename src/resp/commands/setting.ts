import type { Condition, Expiry, Outcome, SetCounter } from '../../domain/operation.js';
import { arityError, CommandError, syntaxError } from '../../wire/resp/command-error.js';
import { valueOf } from '../../wire/resp/integers.js';
import { bulk, integer, nothing, OK, type Protocol } from '../../wire/resp/reply.js';
import { type Command, NAMES_AND_VALUES, ONE_NAME, type Step } from '../command.js';
import { expiryOf, isUnit, type Unit } from '../expiry.js';
import { refusal } from '../faults.js';

const WRITE = ['write', 'denyoom'] as const;
const ABSENT: Condition = { kind: 'absent' };
const NEVER: Expiry = { kind: 'never' };

/** Sets values. Without another word of it, what is set has no end. */
export const SETTING: readonly Command[] = [
  {
    name: 'set',
    arity: -3,
    rule: 'set',
    names: ONE_NAME,
    flags: WRITE,
    group: 'values',
    summary: 'Sets the value.',
    differs: 'The value must be an integer, and within the bounds of the counter where it has some.',
    syntax:
      'key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]',
    plan: ([, , value = '', ...words], { names: [name = ''], client: { protocol } }) => {
      const { condition, tellsPrevious, expiry } = optionsIn(words);
      return setting(setTo(name, value, condition, expiry), protocol, tellsPrevious);
    },
  },
  {
    name: 'setnx',
    arity: 3,
    rule: 'set',
    names: ONE_NAME,
    flags: [...WRITE, 'fast'],
    group: 'values',
    summary: 'Sets the value where there is none.',
    syntax: 'key value',
    plan: ([, , value = ''], { names: [name = ''] }) => ({
      kind: 'decided',
      operations: [setTo(name, value, ABSENT, NEVER)],
      answer: ([outcome]) => {
        if (outcome?.kind !== 'refused') return integer(1);
        return outcome.code === 'version_mismatch' ? integer(0) : refusal(outcome);
      },
    }),
  },
  settingWithEnd('setex', 'EX', 'seconds'),
  settingWithEnd('psetex', 'PX', 'milliseconds'),
  {
    name: 'getset',
    arity: 3,
    rule: 'set',
    names: ONE_NAME,
    flags: [...WRITE, 'fast'],
    group: 'values',
    summary: 'Sets the value and answers the one before.',
    syntax: 'key value',
    plan: ([, , value = ''], { names: [name = ''], client: { protocol } }) =>
      setting(setTo(name, value, null, NEVER), protocol, true),
  },
  {
    name: 'mset',
    arity: -3,
    rule: 'set',
    names: NAMES_AND_VALUES,
    flags: WRITE,
    group: 'values',
    summary: 'Sets several values: all of them or none.',
    differs: 'Where one value is out of the bounds of its counter, none is set.',
    syntax: 'key value [key value ...]',
    plan: (args, { names }) => ({
      kind: 'atomic',
      operations: settingsIn('mset', args, names, null),
      answer: (refused) => (refused === null ? OK : refusal(refused)),
    }),
  },
  {
    name: 'msetnx',
    arity: -3,
    rule: 'set',
    names: NAMES_AND_VALUES,
    flags: WRITE,
    group: 'values',
    summary: 'Sets several values where none of the counters is there.',
    syntax: 'key value [key value ...]',
    plan: (args, { names }) => ({
      kind: 'atomic',
      operations: settingsIn('msetnx', args, names, ABSENT),
      answer: (refused) => {
        if (refused === null) return integer(1);
        return refused.code === 'version_mismatch' ? integer(0) : refusal(refused);
      },
    }),
  },
];

function settingWithEnd(name: string, unit: Unit, time: string): Command {
  return {
    name,
    arity: 4,
    rule: 'set',
    names: ONE_NAME,
    flags: WRITE,
    group: 'values',
    summary: `Sets the value, and that the counter ends after some ${time}.`,
    syntax: `key ${time} value`,
    plan: ([, , lasts = '', value = ''], { names: [key = ''], client: { protocol } }) =>
      setting(setTo(key, value, null, expiryOf(unit, lasts, name)), protocol, false),
  };
}

function setting(operation: SetCounter, protocol: Protocol, tellsPrevious: boolean): Step {
  return {
    kind: 'decided',
    operations: [operation],
    answer: ([outcome]) => {
      if (outcome === undefined) return '';
      if (outcome.kind === 'refused' && outcome.code !== 'version_mismatch') return refusal(outcome);
      if (tellsPrevious) return previousIn(outcome, protocol);
      return outcome.kind === 'done' ? OK : nothing(protocol);
    },
  };
}

/** The value before a write, whether it was done or not. */
export function previousIn(outcome: Outcome, protocol: Protocol): string {
  const previous = outcome.kind === 'done' ? outcome.previous : outcome.truth.value;
  return previous === null ? nothing(protocol) : bulk(String(previous));
}

/** @throws CommandError */
function setTo(name: string, value: string, condition: Condition | null, expiry: Expiry | undefined): SetCounter {
  return { kind: 'set', name, value: valueOf(value), min: undefined, max: undefined, expiry, condition };
}

interface Options {
  condition: Condition | null;
  tellsPrevious: boolean;
  /** Undefined: what is there stays. */
  expiry: Expiry | undefined;
}

/** @throws CommandError */
function optionsIn(words: readonly string[]): Options {
  const options: Options = { condition: null, tellsPrevious: false, expiry: NEVER };
  // As in Redis the same may be said twice, and of times the last one counts.
  let condition: string | null = null;
  let expiry: string | null = null;
  let time = '';
  for (let at = 0; at < words.length; at += 1) {
    const word = (words[at] ?? '').toUpperCase();
    if (word === 'NX' || word === 'XX') {
      if ((condition ??= word) !== word) return syntaxError();
      options.condition = word === 'NX' ? ABSENT : { kind: 'exists' };
    } else if (word === 'GET') {
      options.tellsPrevious = true;
    } else if (word === 'KEEPTTL') {
      if ((expiry ??= word) !== word) return syntaxError();
      options.expiry = undefined;
    } else if (isUnit(word) && at + 1 < words.length) {
      if ((expiry ??= word) !== word) return syntaxError();
      at += 1;
      time = words[at] ?? '';
    } else {
      return syntaxError();
    }
  }
  if (expiry !== null && isUnit(expiry)) options.expiry = expiryOf(expiry, time, 'set');
  return options;
}

/** @throws CommandError */
function settingsIn(
  command: string,
  args: readonly string[],
  names: readonly string[],
  condition: Condition | null,
): readonly SetCounter[] {
  if (args.length % 2 === 0) throw new CommandError(arityError(command));
  // Of a name that is given twice, the last value counts.
  const values = new Map(names.map((name, index) => [name, args[2 * index + 2] ?? '']));
  return [...values].map(([name, value]) => setTo(name, value, condition, NEVER));
}
