import type { Admission } from '../access/admission.js';
import { Forbidden, Unauthorized } from '../access/errors.js';
import { coversName, EVERYTHING, type Grant } from '../access/grant.js';
import { RULES, type Rule } from '../access/rules.js';
import { faultOfName, IDEMPOTENCY_KEY } from '../domain/operands.js';
import type { Operation } from '../domain/operation.js';
import { arityError, CommandError, unknownCommand } from '../wire/resp/command-error.js';
import { textOf } from '../wire/resp/text.js';
import type { Client } from './client.js';
import type { Command, Names, Step } from './command.js';
import { SEVERAL_NAMES } from './commands/once.js';

/** A command that was understood, and that its client may give. */
export interface Ordered {
  readonly command: Command;
  /** Of a command that is given once, without what says so. */
  readonly args: readonly string[];
  /** Of a write that is given once; null for all others. */
  readonly idempotencyKey: string | null;
  readonly names: readonly string[];
  /** Null where anybody may give it. */
  readonly rule: Rule | null;
}

/** Commands by their names as they are given: in small letters, or in capitals, as most clients do. */
export function byWord(table: ReadonlyMap<string, Command>): ReadonlyMap<string, Command> {
  return new Map([...table, ...[...table].map(([name, command]) => [name.toUpperCase(), command] as const)]);
}

/**
 * Which command is given.
 *
 * @param words as `byWord` has them
 * @throws CommandError where it is none, or has too few or too many arguments
 */
export function commandIn(args: readonly string[], words: ReadonlyMap<string, Command>): Command {
  const name = args[0] ?? '';
  const command = words.get(name) ?? words.get(name.toLowerCase());
  if (command === undefined) throw new CommandError(unknownCommand(args));
  const { arity } = command;
  if (arity >= 0 ? args.length !== arity : args.length < -arity) throw new CommandError(arityError(command.name));
  return command;
}

/**
 * Which command is given once.
 *
 * @throws CommandError as `commandIn` does, and for what writes nothing: it may do something by being looked at
 */
export function writeIn(args: readonly string[], words: ReadonlyMap<string, Command>): Command {
  const command = commandIn(args, words);
  if (!command.flags.includes('write')) throw new CommandError(SEVERAL_NAMES);
  return command;
}

/**
 * The key in the arguments of what is to be done once.
 *
 * @throws CommandError where it can be none
 */
export function idempotencyKeyIn([, key = '']: readonly string[]): string {
  if (!IDEMPOTENCY_KEY.test(key)) throw new CommandError('ERR invalid idempotency key');
  return key;
}

/** What a key must allow for a command; null: nothing. */
export function ruleOf({ rule }: Command, args: readonly string[]): Rule | null {
  if (rule === 'open') return null;
  return RULES[typeof rule === 'function' ? rule(args) : rule];
}

/**
 * Lets a command in. Takes one from its caller's limit.
 *
 * @returns what the client may do; null where its key must be looked at first
 * @throws AccessError
 */
export function admit(admission: Admission, client: Client, rule: Rule | null): Grant | null {
  const { credential, address } = client;
  if (rule === null) {
    admission.knock(address);
    return EVERYTHING;
  }
  if (!admission.asksForKeys) {
    admission.knock(address);
    return EVERYTHING;
  }
  if (credential === null) {
    admission.knock(address);
    throw new Unauthorized('There is no key.');
  }
  const grant = admission.recall(credential, rule.use, address);
  if (grant !== null) admission.enter(rule, grant);
  return grant;
}

/**
 * The names of counters among the arguments.
 *
 * @throws CommandError for what can be no name
 * @throws Forbidden for one that the key does not cover
 */
export function namesIn(names: Names | null, args: readonly string[], grant: Grant): readonly string[] {
  if (names === null) return [];
  const { first, step } = names;
  const last = names.last < 0 ? args.length + names.last : names.last;
  if (last === first) return [nameOf(args[first] ?? '', grant)];
  const found: string[] = [];
  for (let place = first; place <= last; place += step) found.push(nameOf(args[place] ?? '', grant));
  return found;
}

/**
 * The name in an argument.
 *
 * @throws CommandError, Forbidden
 */
export function nameOf(arg: string, grant: Grant): string {
  const name = textOf(arg);
  if (name === null || faultOfName(name) !== null) throw new CommandError('ERR invalid key');
  if (!coversName(grant, name))
    throw new Forbidden('The key does not allow this name: its names begin with another prefix.');
  return name;
}

/**
 * The operation of a step that is to be done once.
 *
 * @throws CommandError where it is no write of one counter
 */
export function onceIn(step: Step): Operation {
  const [operation, ...more] =
    step.kind === 'increment' ? [step.operation] : step.kind === 'decided' ? step.operations : [];
  if (operation === undefined || more.length > 0) throw new CommandError(SEVERAL_NAMES);
  return operation;
}
