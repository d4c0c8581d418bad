import { hostname, userInfo } from 'node:os';
import { type Actor, NO_KEY } from '../domain/deed.js';

/** By whom a command that asks Postgres itself is written down to have been given. */
export function theOperator(): Actor {
  return { actor: NO_KEY.cli, isSession: false, via: 'cli', address: `${userName()}@${hostname()}`, requestId: null };
}

/** In a container the user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
