/** Whoever takes of what there is only so much of: the id of a key; null where nobody is asked for one. */
export type Holder = string | null;

/**
 * Who holds how much of what there is only so much of. Whoever takes leaves at least as much as it then has: one holder
 * alone gets half, the next one half of what is left, and so on. So no two or three take it all, and each of them that
 * gives back makes room for whoever has least.
 */
export class Shares {
  private readonly heldBy = new Map<string, number>();
  private held = 0;

  /** @param limit of all holders together */
  constructor(private readonly limit: number) {}

  /** How much is held by all together. */
  get total(): number {
    return this.held;
  }

  /** @param holder null: it counts for all, and for nobody in particular */
  add(holder: Holder, count = 1): void {
    this.held += count;
    if (holder !== null) this.heldBy.set(holder, this.of(holder) + count);
  }

  remove(holder: Holder, count = 1): void {
    this.held -= count;
    if (holder === null) return;
    const rest = this.of(holder) - count;
    if (rest > 0) this.heldBy.set(holder, rest);
    else this.heldBy.delete(holder);
  }

  /** Whether what a holder took last was there for it; whoever hears no gives it back. */
  allow(holder: Holder): boolean {
    const left = this.limit - this.held;
    // The very last one is for whoever has none.
    return left >= 0 && (holder === null || this.of(holder) <= Math.max(1, left));
  }

  private of(holder: string): number {
    return this.heldBy.get(holder) ?? 0;
  }
}
