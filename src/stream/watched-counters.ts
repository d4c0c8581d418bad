import type { Change } from '../counters/changes/change.js';
import { MAX_REMEMBERED } from './limits.js';

/** The newest that is known of each watched counter, and which of them have not been told yet. */
export class WatchedCounters {
  private readonly named = new Map<string, Change>();
  /** The latest learned last: a Map keeps the order of insertion. */
  private readonly prefixed = new Map<string, Change>();
  private untold = new Set<string>();

  /** How many are remembered. */
  get size(): number {
    return this.named.size + this.prefixed.size;
  }

  get(name: string): Change | undefined {
    return this.named.get(name) ?? this.prefixed.get(name);
  }

  /**
   * Takes a change, unless something as new is known.
   *
   * @returns whether it is news
   */
  learn(change: Change, watchedBy: 'name' | 'prefix'): boolean {
    const { name, version } = change;
    const known = this.get(name);
    // From now on it must not be forgotten.
    if (watchedBy === 'name' && known !== undefined && this.prefixed.delete(name)) this.named.set(name, known);
    if (known !== undefined && !(version > known.version)) return false;
    if (watchedBy === 'name') {
      this.named.set(name, change);
    } else {
      this.prefixed.delete(name);
      this.prefixed.set(name, change);
      if (this.prefixed.size > MAX_REMEMBERED) this.forgetOldest();
    }
    // A counter that never was is nothing to tell.
    if (version > 0) this.untold.add(name);
    return version > 0;
  }

  /** What was learned since the last call. */
  takeUntold(): Change[] {
    const names = this.untold;
    this.untold = new Set();
    return [...names].map((name) => this.get(name)).filter((change) => change !== undefined);
  }

  /** The latest learned of a prefix, up to a limit, that are not among those. */
  latestOf(prefix: string, besides: ReadonlySet<string>, limit: number): string[] {
    const found: string[] = [];
    for (const [name, { deleted }] of this.prefixed) {
      if (!deleted && name.startsWith(prefix) && !besides.has(name)) found.push(name);
    }
    return found.slice(-limit);
  }

  /** Forgets what nobody watches any more. */
  retain(interestIn: (name: string) => 'name' | 'prefix' | null): void {
    for (const [name, change] of this.named) {
      const interest = interestIn(name);
      if (interest === 'name') continue;
      this.named.delete(name);
      if (interest === 'prefix') this.prefixed.set(name, change);
    }
    for (const name of this.prefixed.keys()) if (interestIn(name) === null) this.prefixed.delete(name);
  }

  clear(): void {
    this.named.clear();
    this.prefixed.clear();
    this.untold.clear();
  }

  private forgetOldest(): void {
    const [oldest] = this.prefixed.keys();
    if (oldest !== undefined) this.prefixed.delete(oldest);
  }
}
