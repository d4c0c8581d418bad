import type { Ordered } from './dispatch.js';
import { MAX_COMMANDS, MAX_NAMES } from './limits.js';

/** What MULTI has begun. */
export class OpenTransaction {
  readonly orders: Ordered[] = [];
  /** Whether a command was refused before it was queued: EXEC then does nothing. */
  isDoomed = false;
  private names = 0;

  /** @returns whether there is room for it */
  add(order: Ordered): boolean {
    this.names += order.names.length;
    if (this.orders.length >= MAX_COMMANDS || this.names > MAX_NAMES) return false;
    this.orders.push(order);
    return true;
  }
}
