import { h, setText } from '../dom.js';
import { change, number } from '../format.js';
import type { RecentChanges } from '../recent-changes.js';
import { hashOf } from '../route.js';
import { sparkline } from '../sparkline.js';

/** How long a number that changed stays marked. */
const MARK_MS = 900;

/** One counter of the overview: its name, its number, its last 24 hours. */
export class Card {
  readonly element: HTMLLIElement;
  readonly link: HTMLAnchorElement;
  private readonly number = h('span', { class: 'number' });
  private readonly today = h('span', { class: 'today' });
  private readonly shape = h('span', { class: 'shape' });
  private changes: RecentChanges | null = null;
  private rankedChange: number | null = null;
  private current: number | null = null;
  private mark: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly name: string) {
    const href = hashOf({ view: 'counter', name, range: '24h' });
    this.link = h(
      'a',
      { href, class: 'card' },
      h('span', { class: 'name', title: name }, name),
      this.number,
      h('span', { class: 'trend' }, this.today, this.shape),
    );
    this.element = h('li', {}, this.link);
  }

  get value(): number {
    return this.current ?? 0;
  }

  /** @param live whether it changed while we looked: then it is marked */
  setValue(value: number, live: boolean): void {
    if (value === this.current) return;
    if (live && this.current !== null) {
      if (this.rankedChange !== null) this.rankedChange += value - this.current;
      this.markChange();
    }
    this.current = value;
    this.changes?.catchUp(value);
    const text = number(value);
    this.number.style.setProperty('--characters', String(text.length));
    setText(this.number, text);
    this.showChanges();
  }

  setChanges(changes: RecentChanges | null): void {
    this.changes = changes;
    if (this.current !== null) changes?.catchUp(this.current);
    this.showChanges();
  }

  /** The change that the list is sorted by, shown in place of today's; null: today's. */
  setRankedChange(value: number | null): void {
    this.rankedChange = value;
    this.showChanges();
  }

  private showChanges(): void {
    if (this.rankedChange !== null) setText(this.today, `${change(this.rankedChange)} in 24 h`);
    else setText(this.today, this.changes === null ? '' : `${change(this.changes.sinceMidnight)} today`);
    if (this.changes !== null) this.shape.replaceChildren(sparkline(this.changes.perHour));
  }

  private markChange(): void {
    clearTimeout(this.mark);
    this.element.classList.add('changed');
    this.mark = setTimeout(() => this.element.classList.remove('changed'), MARK_MS);
  }
}
