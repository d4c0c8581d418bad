import type { Ordered } from './dispatch.js';

/** Commands of one transaction: some milliseconds under the locks of their rows. */
const MAX_COMMANDS = 1_000;

/** What MULTI has begun. */
export class OpenTransaction {
  readonly orders: Ordered[] = [];
  /** Whether a command was refused before it was queued: EXEC then does nothing. */
  isDoomed = false;

  /** @returns whether there is room for it */
  add(order: Ordered): boolean {
    if (this.orders.length >= MAX_COMMANDS) return false;
    this.orders.push(order);
    return true;
  }
}
