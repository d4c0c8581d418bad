import { valueInJson } from '../../domain/counter.js';
import type { Reading } from '../../counters/counters.service.js';
import type { Condition, SetCounter } from '../../domain/operation.js';
import {
  ALL_NAMES,
  arityError,
  type Command,
  CommandError,
  NAMES_AND_VALUES,
  ONE_NAME,
  type Step,
  syntaxError,
} from '../command.js';
import { refusal } from '../faults.js';
import { valueOf } from '../integers.js';
import { array, bulk, integer, nothing, OK, type Protocol } from '../reply.js';

const WRITE = ['write', 'denyoom', 'fast'] as const;
const READ = ['readonly', 'fast'] as const;

/** Reads and sets values. */
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
    name: 'set',
    arity: -3,
    rule: 'set',
    names: ONE_NAME,
    flags: ['write', 'denyoom'],
    group: 'values',
    summary: 'Sets the value.',
    differs: 'The value must be an integer, and within the bounds of the counter where it has some.',
    syntax: 'key value [NX | XX]',
    plan: ([, , value = '', ...options], { names: [name = ''], client: { protocol } }) =>
      setting(name, value, conditionIn(options), protocol),
  },
  {
    name: 'setnx',
    arity: 3,
    rule: 'set',
    names: ONE_NAME,
    flags: WRITE,
    group: 'values',
    summary: 'Sets the value where there is none.',
    syntax: 'key value',
    plan: ([, , value = ''], { names: [name = ''] }) => ({
      kind: 'decided',
      operations: [setTo(name, valueOf(value), { kind: 'absent' })],
      answer: ([outcome]) => {
        if (outcome?.kind !== 'refused') return integer(1);
        return outcome.code === 'version_mismatch' ? integer(0) : refusal(outcome);
      },
    }),
  },
  {
    name: 'mset',
    arity: -3,
    rule: 'set',
    names: NAMES_AND_VALUES,
    flags: ['write', 'denyoom'],
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
    flags: ['write', 'denyoom'],
    group: 'values',
    summary: 'Sets several values where none of the counters is there.',
    syntax: 'key value [key value ...]',
    plan: (args, { names }) => ({
      kind: 'atomic',
      operations: settingsIn('msetnx', args, names, { kind: 'absent' }),
      answer: (refused) => {
        if (refused === null) return integer(1);
        return refused.code === 'version_mismatch' ? integer(0) : refusal(refused);
      },
    }),
  },
];

/** The value that was read, as it is answered. */
function valueIn(reading: Reading | undefined, protocol: Protocol): string {
  return reading === undefined || reading.json === null ? nothing(protocol) : bulk(valueInJson(reading.json));
}

function setting(name: string, value: string, condition: Condition | null, protocol: Protocol): Step {
  return {
    kind: 'decided',
    operations: [setTo(name, valueOf(value), condition)],
    answer: ([outcome]) => {
      if (outcome?.kind !== 'refused') return OK;
      return outcome.code === 'version_mismatch' ? nothing(protocol) : refusal(outcome);
    },
  };
}

function setTo(name: string, value: number, condition: Condition | null): SetCounter {
  return { kind: 'set', name, value, min: undefined, max: undefined, condition };
}

/** @throws CommandError */
function conditionIn(options: readonly string[]): Condition | null {
  let condition: Condition | null = null;
  for (const option of options) {
    const kind = { NX: 'absent', XX: 'exists' } as const;
    const word = option.toUpperCase();
    if (condition !== null || (word !== 'NX' && word !== 'XX')) return syntaxError();
    condition = { kind: kind[word] };
  }
  return condition;
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
  const values = new Map(names.map((name, index) => [name, valueOf(args[2 * index + 2] ?? '')]));
  return [...values].map(([name, value]) => setTo(name, value, condition));
}
