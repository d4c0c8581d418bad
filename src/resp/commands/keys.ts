import type { Delete, Outcome } from '../../domain/operation.js';
import { integer, simple } from '../../wire/resp/reply.js';
import { ALL_NAMES, type Command, ONE_NAME, type Step } from '../command.js';
import { refusal } from '../faults.js';

const READ = ['readonly', 'fast'] as const;

/** What is there, and what is not. */
export const KEYS: readonly Command[] = [
  {
    name: 'del',
    arity: -2,
    rule: 'delete',
    names: ALL_NAMES,
    flags: ['write'],
    group: 'keys',
    summary: 'Deletes counters in one commit, and answers how many there were.',
    syntax: 'key [key ...]',
    plan: (_args, { names }) => deleting(names),
  },
  {
    name: 'unlink',
    arity: -2,
    rule: 'delete',
    names: ALL_NAMES,
    flags: ['write', 'fast'],
    group: 'keys',
    summary: 'The same as DEL.',
    syntax: 'key [key ...]',
    plan: (_args, { names }) => deleting(names),
  },
  {
    name: 'exists',
    arity: -2,
    rule: 'read',
    names: ALL_NAMES,
    flags: READ,
    group: 'keys',
    summary: 'Answers how many of the names are there; one that is given twice counts twice.',
    syntax: 'key [key ...]',
    plan: (_args, { names }) => counting(names),
  },
  {
    name: 'touch',
    arity: -2,
    rule: 'read',
    names: ALL_NAMES,
    flags: READ,
    group: 'keys',
    summary: 'The same as EXISTS: when a counter was used last is not kept.',
    syntax: 'key [key ...]',
    plan: (_args, { names }) => counting(names),
  },
  {
    name: 'type',
    arity: 2,
    rule: 'read',
    names: ONE_NAME,
    flags: READ,
    group: 'keys',
    summary: 'Answers string, or none.',
    syntax: 'key',
    plan: (_args, { names }) => ({
      kind: 'read',
      names,
      answer: ([reading]) => simple(reading === undefined || reading.json === null ? 'none' : 'string'),
    }),
  },
];

function counting(names: readonly string[]): Step {
  return { kind: 'read', names, answer: (readings) => integer(readings.filter(({ json }) => json !== null).length) };
}

function deleting(names: readonly string[]): Step {
  const operations = names.map((name): Delete => ({ kind: 'delete', name, condition: null }));
  const answer = (outcomes: readonly Outcome[]): string => {
    const fault = outcomes.find((outcome) => outcome.kind === 'refused' && outcome.code !== 'not_found');
    if (fault?.kind === 'refused') return refusal(fault);
    return integer(outcomes.filter(({ kind }) => kind === 'done').length);
  };
  return operations.length === 1 ? { kind: 'decided', operations, answer } : { kind: 'together', operations, answer };
}
