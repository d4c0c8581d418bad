import type { Seen } from './standing.js';

/** Tells when a poll sees something else of the servers than the one before. */
export class Turns {
  private readonly listeners: ((seen: Seen, before: Seen) => void)[] = [];
  private told: Seen = { postgres: 'up', redis: 'up', standing: 'waiting' };

  /** Calls back, at once, at each turn. */
  onTurn(listener: (seen: Seen, before: Seen) => void): void {
    this.listeners.push(listener);
  }

  note(seen: Seen): void {
    const before = this.told;
    if (seen.postgres === before.postgres && seen.redis === before.redis && seen.standing === before.standing) return;
    this.told = seen;
    for (const listener of this.listeners) listener(seen, before);
  }
}
