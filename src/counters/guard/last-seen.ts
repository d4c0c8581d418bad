import type { Seen } from './standing.js';

/** What a poll saw of the servers last; tells when the next one sees something else. */
export class LastSeen {
  private readonly listeners: ((seen: Seen, before: Seen) => void)[] = [];
  private seen: Seen = { postgres: 'up', redis: 'up', standing: 'waiting' };

  /** Calls back, at once, at each turn. */
  onTurn(listener: (seen: Seen, before: Seen) => void): void {
    this.listeners.push(listener);
  }

  note(seen: Seen): void {
    const before = this.seen;
    if (seen.postgres === before.postgres && seen.redis === before.redis && seen.standing === before.standing) return;
    this.seen = seen;
    for (const listener of this.listeners) listener(seen, before);
  }
}
