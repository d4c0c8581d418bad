import { CommandError } from '../../wire/resp/command-error.js';
import type { Command } from '../command.js';

export const SEVERAL_NAMES = 'ERR ONCE takes a command that writes one counter';

/** Ours: what it takes is looked at in its place, so this is never planned. */
export const ONCE: Command = {
  name: 'once',
  arity: -4,
  rule: 'ownRights',
  names: null,
  flags: ['write', 'denyoom'],
  group: 'exactly once',
  summary: 'Does one write once, however often it is sent: a replay gets the first answer.',
  differs: 'Redis does not have it.',
  syntax: 'id command [argument ...]',
  isOurs: true,
  plan: () => {
    throw new CommandError(SEVERAL_NAMES);
  },
};
