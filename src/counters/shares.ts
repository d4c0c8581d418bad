/** Whoever takes of what there is only so much of: the id of a key; null where nobody is asked for one. */
export type Holder = string | null;

/**
 * Who holds how much of what there is only so much of. The last quarter is kept for holders of less than a quarter: so
 * one that takes all it gets leaves others theirs, and one that is alone has nearly all.
 */
export class Shares {
  private readonly heldBy = new Map<string, number>();
  private readonly share: number;
  private held = 0;

  /** @param limit of all holders together */
  constructor(private readonly limit: number) {
    this.share = Math.floor(limit / 4);
  }

  add(holder: Holder): void {
    this.held += 1;
    if (holder !== null) this.heldBy.set(holder, this.of(holder) + 1);
  }

  remove(holder: Holder): void {
    this.held -= 1;
    if (holder === null) return;
    if (this.of(holder) > 1) this.heldBy.set(holder, this.of(holder) - 1);
    else this.heldBy.delete(holder);
  }

  /** Whether the last thing that a holder took was there for it; whoever hears no gives it back. */
  allow(holder: Holder): boolean {
    if (this.held > this.limit) return false;
    return holder === null || this.of(holder) <= this.share || this.held <= this.limit - this.share;
  }

  private of(holder: string): number {
    return this.heldBy.get(holder) ?? 0;
  }
}
