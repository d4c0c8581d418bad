import { printable } from './request-parser.js';

/** What a client is told that it did wrong; the first word says what kind it is. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

const SYNTAX_ERROR = 'ERR syntax error';

export const NO_AUTH = 'NOAUTH Authentication required.';
export const WRONG_PASS = 'WRONGPASS invalid username-password pair or user is disabled.';

/** Where nobody is asked for a password. */
export const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';

/** Characters of an unknown command, and of what came with it, that are repeated. */
const MAX_REPEATED = 128;

/** @throws CommandError, always */
export function syntaxError(): never {
  throw new CommandError(SYNTAX_ERROR);
}

export const arityError = (name: string): string => `ERR wrong number of arguments for '${name}' command`;

/** What is told of a command that is none. */
export function unknownCommand([name = '', ...args]: readonly string[]): string {
  let repeated = '';
  for (const arg of args) {
    if (repeated.length >= MAX_REPEATED) break;
    repeated += `'${arg.slice(0, MAX_REPEATED - repeated.length)}' `;
  }
  const text = `unknown command '${name.slice(0, MAX_REPEATED)}', with args beginning with: ${repeated}`;
  return `ERR ${printable(text)}`;
}
