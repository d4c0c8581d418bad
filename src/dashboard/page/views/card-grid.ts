import { h } from '../dom.js';
import { RecentChangesLoader } from '../recent-changes.js';
import { Card } from './card.js';

/** Corrects what live changes added up, and moves the shapes along when nothing changes. */
const RELOAD_MS = 60_000;

/** The cards in their order, moved through with the arrow keys; shapes are loaded for those in sight. */
export class CardGrid {
  readonly element: HTMLUListElement;
  private readonly cards = new Map<string, Card>();
  private readonly byLink = new WeakMap<Element, Card>();
  private readonly loader = new RecentChangesLoader();
  private readonly inSight = new Set<Card>();
  private readonly sight: IntersectionObserver;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor() {
    this.element = h('ul', { class: 'grid', onkeydown: (event) => this.key(event as KeyboardEvent) });
    this.sight = new IntersectionObserver((entries) => this.see(entries));
    this.timer = setInterval(() => {
      if (!document.hidden) this.reload();
    }, RELOAD_MS);
  }

  /** Asks for the shapes in sight again. */
  reload(): void {
    for (const card of this.inSight) this.load(card);
  }

  get size(): number {
    return this.cards.size;
  }

  get names(): string[] {
    return [...this.cards.keys()];
  }

  has(name: string): boolean {
    return this.cards.has(name);
  }

  /** Shows exactly these, in this order; a card that has the focus is not moved under its reader's hands. */
  show(items: readonly { readonly name: string; readonly value: number; readonly change: number | null }[]): void {
    const kept = new Set(items.map(({ name }) => name));
    for (const name of this.names) if (!kept.has(name)) this.remove(name);
    for (const { name, value, change } of items) {
      const card = this.cards.get(name) ?? this.add(name);
      card.setValue(value, false);
      card.setRankedChange(change);
    }
    const focused = this.element.contains(document.activeElement);
    const order = items.map(({ name }) => this.cards.get(name)).filter((card) => card !== undefined);
    for (const [index, card] of order.entries()) {
      const there = this.element.children[index];
      if (there === card.element) continue;
      if (focused && card.element.isConnected) continue;
      this.element.insertBefore(card.element, there ?? null);
    }
  }

  setValue(name: string, value: number, live: boolean): void {
    this.cards.get(name)?.setValue(value, live);
  }

  remove(name: string): void {
    const card = this.cards.get(name);
    if (card === undefined) return;
    this.sight.unobserve(card.link);
    this.inSight.delete(card);
    card.element.remove();
    this.cards.delete(name);
  }

  focusFirst(): void {
    this.element.querySelector('a')?.focus();
  }

  close(): void {
    clearInterval(this.timer);
    this.sight.disconnect();
    this.loader.close();
  }

  private add(name: string): Card {
    const card = new Card(name);
    this.cards.set(name, card);
    this.byLink.set(card.link, card);
    this.sight.observe(card.link);
    return card;
  }

  private see(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const card = this.byLink.get(target);
      if (card === undefined) continue;
      if (!isIntersecting) this.inSight.delete(card);
      else if (!this.inSight.has(card)) {
        this.inSight.add(card);
        this.load(card);
      }
    }
  }

  private load(card: Card): void {
    this.loader.load(card.name, (changes) => card.setChanges(changes));
  }

  private key(event: KeyboardEvent): void {
    const links = [...this.element.querySelectorAll('a')];
    const at = links.findIndex((link) => link === document.activeElement);
    if (at === -1) return;
    const top = links[0]?.getBoundingClientRect().top;
    const columns = links.findIndex((link) => link.getBoundingClientRect().top !== top);
    const row = columns === -1 ? links.length : columns;
    const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row };
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? links.length - 1 : at + (steps[event.key] ?? 0);
    if (next === at) return;
    event.preventDefault();
    if (next < 0) document.querySelector<HTMLInputElement>('input[type=search]')?.focus();
    else links[Math.min(next, links.length - 1)]?.focus();
  }
}
