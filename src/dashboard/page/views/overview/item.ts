import { signal } from '@preact/signals';
import type { RecentChanges } from '../../service/recent-changes.js';

/** One counter of the list. A card shows it, and is drawn anew only where it changed. */
export class Item {
  readonly value = signal(0);
  /** The change that the list is sorted by, shown in place of today's; null: today's. */
  readonly rankedChange = signal<number | null>(null);
  readonly recent = signal<RecentChanges | null>(null);
  /** How often it changed while we looked. */
  readonly changes = signal(0);
  /** When its recent changes were asked for, by performance.now(); null before. */
  askedAtMs: number | null = null;

  constructor(
    readonly name: string,
    value: number,
  ) {
    this.value.value = value;
  }

  /** @param live whether it changed while we looked */
  set(value: number, live: boolean): void {
    const before = this.value.peek();
    if (value === before) return;
    const ranked = this.rankedChange.peek();
    if (live && ranked !== null) this.rankedChange.value = ranked + value - before;
    if (live) this.changes.value = this.changes.peek() + 1;
    this.value.value = value;
  }
}
