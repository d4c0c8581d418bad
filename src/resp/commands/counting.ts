import type { Refused } from '../../domain/operation.js';
import { amountOf, takenOf } from '../../wire/resp/integers.js';
import { integer } from '../../wire/resp/reply.js';
import { type Command, ONE_NAME, type Step } from '../command.js';
import { refusal } from '../faults.js';

const FLAGS = ['write', 'denyoom', 'fast'] as const;

/** Adds, and answers the value after it. */
export const COUNTING: readonly Command[] = [
  {
    name: 'incr',
    arity: 2,
    rule: 'increment',
    names: ONE_NAME,
    flags: FLAGS,
    group: 'counting',
    summary: 'Adds 1.',
    syntax: 'key',
    plan: (_args, { names: [name = ''] }) => adding(name, 1),
  },
  {
    name: 'decr',
    arity: 2,
    rule: 'increment',
    names: ONE_NAME,
    flags: FLAGS,
    group: 'counting',
    summary: 'Takes 1 away.',
    syntax: 'key',
    plan: (_args, { names: [name = ''] }) => adding(name, -1),
  },
  {
    name: 'incrby',
    arity: 3,
    rule: 'increment',
    names: ONE_NAME,
    flags: FLAGS,
    group: 'counting',
    summary: 'Adds an integer.',
    syntax: 'key increment',
    plan: ([, , by = ''], { names: [name = ''] }) => adding(name, amountOf(by)),
  },
  {
    name: 'decrby',
    arity: 3,
    rule: 'increment',
    names: ONE_NAME,
    flags: FLAGS,
    group: 'counting',
    summary: 'Takes an integer away.',
    syntax: 'key decrement',
    plan: ([, , by = ''], { names: [name = ''] }) => adding(name, takenOf(by)),
  },
];

function adding(name: string, by: number): Step {
  return { kind: 'increment', operation: { kind: 'increment', name, by }, answer: valueAfter };
}

function valueAfter(counted: number | Refused): string {
  return typeof counted === 'number' ? integer(counted) : refusal(counted);
}
