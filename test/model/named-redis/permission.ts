import { at } from '../explorer.js';
import { I, type World } from './state.js';

/** Whether instance i knows from a poll that is not old which server the row names, and that nobody waits any more. */
export function isFresh(world: World, s: Uint8Array, i: number): boolean {
  return at(s, i + I.epoch) > 0 && at(s, i + I.age) < world.permission && s[i + I.quiet] === 0 && s[i + I.wait] === 0;
}

/** Whether instance i may serve hits. */
export function isPermitted(world: World, s: Uint8Array, i: number): boolean {
  return isFresh(world, s, i) && s[i + I.blind] === 0;
}

/** Whether instance i may take a lease. */
export function mayLease(world: World, s: Uint8Array, i: number): boolean {
  const { lease, serverTold } = world.rules;
  if (at(s, i + I.epoch) === 0 || (serverTold && s[i + I.server] !== s[i + I.named])) return false;
  switch (lease) {
    case 'permitted':
      return isPermitted(world, s, i);
    case 'once permitted':
      return s[i + I.blind] === 0 && s[i + I.quiet] === 0 && s[i + I.wait] === 0;
    case 'always':
      return true;
  }
}
