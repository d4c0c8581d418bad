import { counterInJson } from '../../domain/counter.js';
import type { Reading } from '../../counters/counters.service.js';
import type { Expire, Expiry, Outcome } from '../../domain/operation.js';
import { CommandError } from '../../wire/resp/command-error.js';
import { integer } from '../../wire/resp/reply.js';
import { printable } from '../../wire/resp/request-parser.js';
import { type Command, ONE_NAME, type Step } from '../command.js';
import { endOf, type Unit } from '../expiry.js';
import { refusal } from '../faults.js';

const NO_COUNTER = -2;
const NO_EXPIRY = -1;

/** When counters end. @param nowMs by the database's clock */
export function expiryCommands(nowMs: () => number): readonly Command[] {
  const asking = (name: string, summary: string, valueOf: (endMs: number) => number): Command => ({
    name,
    arity: 2,
    rule: 'read',
    names: ONE_NAME,
    flags: ['readonly', 'fast'],
    group: 'keys',
    summary: `${summary}; -1 without an end, -2 without a counter.`,
    syntax: 'key',
    plan: (_args, { names }) => ({ kind: 'read', names, answer: ([reading]) => integer(told(reading, valueOf)) }),
  });
  const leftMs = (endMs: number): number => Math.max(0, endMs - nowMs());
  return [
    asking('ttl', 'Answers the seconds that are left', (endMs) => seconds(leftMs(endMs))),
    asking('pttl', 'Answers the milliseconds that are left', (endMs) => Math.floor(leftMs(endMs))),
    asking('expiretime', 'Answers the end, in seconds since 1970', seconds),
    asking('pexpiretime', 'Answers the end, in milliseconds since 1970', (endMs) => endMs),
    ending('expire', 'EX', 'Ends the counter after some seconds', 'seconds'),
    ending('pexpire', 'PX', 'Ends the counter after some milliseconds', 'milliseconds'),
    ending('expireat', 'EXAT', 'Ends the counter at a second since 1970', 'unix-time-seconds'),
    ending('pexpireat', 'PXAT', 'Ends the counter at a millisecond since 1970', 'unix-time-milliseconds'),
    {
      name: 'persist',
      arity: 2,
      rule: 'set',
      names: ONE_NAME,
      flags: ['write', 'fast'],
      group: 'keys',
      summary: 'Takes the end away.',
      syntax: 'key',
      plan: (_args, { names: [name = ''] }) => changing({ ...unconditional(name, { kind: 'never' }), has: 'some' }),
    },
  ];
}

function ending(name: string, unit: Unit, summary: string, time: string): Command {
  return {
    name,
    arity: -3,
    rule: 'set',
    names: ONE_NAME,
    flags: ['write', 'fast'],
    group: 'keys',
    summary: `${summary}; what is past deletes it.`,
    differs: 'It is a change: the version rises. A life past ten years is refused.',
    syntax: `key ${time} [NX | XX | GT | LT]`,
    plan: ([, , value = '', ...options], { names: [key = ''] }) => {
      const conditions = conditionsIn(options);
      return changing({ ...unconditional(key, endOf(unit, value, name)), ...conditions });
    },
  };
}

function unconditional(name: string, expiry: Expiry): Expire {
  return { kind: 'expire', name, expiry, has: null, than: null, condition: null };
}

function changing(operation: Expire): Step {
  return {
    kind: 'decided',
    operations: [operation],
    answer: ([outcome]) => (outcome === undefined ? '' : changed(outcome)),
  };
}

function changed(outcome: Outcome): string {
  if (outcome.kind === 'done') return integer(1);
  return outcome.code === 'not_found' || outcome.code === 'version_mismatch' ? integer(0) : refusal(outcome);
}

/** @throws CommandError */
function conditionsIn(options: readonly string[]): Pick<Expire, 'has' | 'than'> {
  const words = new Set<string>();
  for (const option of options) {
    const word = option.toUpperCase();
    if (!['NX', 'XX', 'GT', 'LT'].includes(word)) throw new CommandError(`ERR Unsupported option ${printable(option)}`);
    words.add(word);
  }
  if (words.has('NX') && words.size > 1) {
    throw new CommandError('ERR NX and XX, GT or LT options at the same time are not compatible');
  }
  if (words.has('GT') && words.has('LT')) {
    throw new CommandError('ERR GT and LT options at the same time are not compatible');
  }
  return {
    has: words.has('NX') ? 'none' : words.has('XX') ? 'some' : null,
    than: words.has('GT') ? 'later' : words.has('LT') ? 'sooner' : null,
  };
}

function told(reading: Reading | undefined, valueOf: (endMs: number) => number): number {
  if (reading === undefined || reading.json === null) return NO_COUNTER;
  const { expiresAt } = counterInJson(reading.json);
  return expiresAt === null ? NO_EXPIRY : valueOf(Date.parse(expiresAt));
}

/** To the nearest, as Redis has it. */
function seconds(ms: number): number {
  return Math.round(ms / 1_000);
}
