import { batch, signal } from '@preact/signals';
import { ApiError } from '../../service/api.js';
import { PAGE } from '../../service/paths.js';
import { RecentChangesLoader } from '../../service/recent-changes.js';
import { Item } from './item.js';
import { type Listed, type ListPage, pageOf, type Wanted } from './pages.js';

/** What live changes added up is corrected, and shapes move along when nothing changes. */
const RECENT_FOR_MS = 60_000;
/** After a failure. */
const RETRY_MS = 2_000;

interface Part {
  /** Where it begins. */
  readonly cursor: string | null;
  readonly items: readonly Item[];
}

/** The counters that are shown, page after page: more are loaded as one comes near their end. */
export class CounterList {
  readonly items = signal<readonly Item[]>([]);
  /** Whether they answer to what was asked for last. */
  readonly busy = signal(true);
  readonly loadingMore = signal(false);
  readonly hasMore = signal(false);
  readonly left = signal<ListPage['left']>(null);
  readonly fault = signal<ApiError | null>(null);
  /** Rises when all may be other ones than before, though they were not asked for anew. */
  readonly generation = signal(0);

  /** The first item in sight. */
  lookedAt = 0;

  private wanted: Wanted = { prefix: '', search: '', sort: 'name' };
  private parts: readonly Part[] = [];
  private next: string | null = null;
  private known = new Map<string, Item>();
  private round = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly loader = new RecentChangesLoader();

  /** Asks for others than before. */
  want(wanted: Wanted): void {
    this.wanted = wanted;
    this.busy.value = true;
    // Days may begin elsewhere now.
    for (const item of this.known.values()) item.askedAtMs = null;
    void this.load(0);
  }

  /** The same anew, from its beginning: as after a failure. */
  async begin(): Promise<void> {
    await this.load(1);
  }

  private async load(generations: 0 | 1): Promise<void> {
    await this.attempt(async () => {
      const page = await pageOf(this.wanted, null, PAGE);
      return () => {
        this.parts = [{ cursor: null, items: page.items.map((listed) => this.itemOf(listed)) }];
        this.take(page);
        this.busy.value = false;
        this.generation.value += generations;
      };
    });
  }

  /** All may be other than before: of a long list what is looked at, so that nobody is thrown back to its beginning. */
  async revive(): Promise<void> {
    if (this.busy.peek() || this.parts.length <= 1) await this.begin();
    else await this.refresh(this.lookedAt);
  }

  /** Loads the page after the last, if there is one. */
  async more(): Promise<void> {
    const cursor = this.next;
    if (cursor === null || this.loadingMore.peek() || this.busy.peek()) return;
    this.loadingMore.value = true;
    await this.attempt(async () => {
      const page = await pageOf(this.wanted, cursor, PAGE);
      return () => {
        this.parts = [...this.parts, { cursor, items: page.items.map((listed) => this.itemOf(listed)) }];
        this.take(page);
      };
    });
    this.loadingMore.value = false;
  }

  /** What came and went since: of a long list the page that is looked at, else all. @param index of an item in sight */
  async refresh(index: number): Promise<void> {
    if (this.busy.peek() || this.loadingMore.peek()) return;
    const at = this.partAt(index);
    const part = this.parts[at];
    if (part === undefined) return this.begin();
    await this.attempt(async () => {
      const page = await pageOf(this.wanted, part.cursor, PAGE);
      return () => {
        const fresh = page.items.map((listed) => this.itemOf(listed));
        const isLast = at === this.parts.length - 1;
        const items = isLast ? fresh : [...fresh, ...pushedOut(part.items, fresh)];
        this.parts = this.parts.with(at, { cursor: part.cursor, items });
        if (isLast) this.take(page);
        else this.publish();
      };
    });
  }

  get(name: string): Item | undefined {
    return this.known.get(name);
  }

  remove(name: string): void {
    if (!this.known.delete(name)) return;
    this.parts = this.parts.map(({ cursor, items }) => ({
      cursor,
      items: items.filter((item) => item.name !== name),
    }));
    this.publish();
  }

  /** Loads the recent changes of those that are looked at and were not asked for lately. @param anew of all of them */
  loadRecent(items: readonly Item[], anew = false): void {
    const nowMs = performance.now();
    for (const item of items) {
      if (!anew && item.askedAtMs !== null && nowMs - item.askedAtMs < RECENT_FOR_MS) continue;
      item.askedAtMs = nowMs;
      this.loader.load(item.name, (recent) => {
        if (recent !== null) item.recent.value = recent;
      });
    }
  }

  close(): void {
    this.round += 1;
    clearTimeout(this.retry);
    this.loader.close();
  }

  /** Only the last attempt counts. One that failed because nobody answered is made again. */
  private async attempt(ask: () => Promise<() => void>): Promise<void> {
    clearTimeout(this.retry);
    this.round += 1;
    const mine = this.round;
    try {
      const use = await ask();
      if (mine !== this.round) return;
      batch(() => {
        this.fault.value = null;
        use();
      });
    } catch (error) {
      if (mine !== this.round) return;
      if (!(error instanceof ApiError)) throw error;
      this.fault.value = error;
      if (error.isAway) this.retry = setTimeout(() => void this.attempt(ask), RETRY_MS);
      else this.busy.value = false;
    }
  }

  private take({ next, left }: ListPage): void {
    this.next = next;
    this.hasMore.value = next !== null;
    this.left.value = left;
    this.publish();
  }

  private publish(): void {
    const items = [...new Set(this.parts.flatMap((part) => part.items))];
    this.known = new Map(items.map((item) => [item.name, item]));
    this.items.value = this.unmoved(items);
  }

  /** A card that has the focus is not moved under its reader's hands. */
  private unmoved(items: readonly Item[]): readonly Item[] {
    if (this.wanted.sort === 'name' || document.activeElement?.closest('.grid') == null) return items;
    const present = new Set(items);
    const kept = this.items.peek().filter((item) => present.has(item));
    const shown = new Set(kept);
    return [...kept, ...items.filter((item) => !shown.has(item))];
  }

  private itemOf({ name, value, change }: Listed): Item {
    const item = this.known.get(name) ?? new Item(name, value);
    item.set(value, false);
    item.rankedChange.value = change;
    return item;
  }

  private partAt(index: number): number {
    let end = 0;
    const at = this.parts.findIndex(({ items }) => (end += items.length) > index);
    return at === -1 ? this.parts.length - 1 : at;
  }
}

/** Those of before that new ones pushed out of a page which has only so much room: they come after it. */
function pushedOut(before: readonly Item[], fresh: readonly Item[]): readonly Item[] {
  const there = new Set(fresh);
  const old = new Set(before);
  const lastCommon = before.findLastIndex((item) => there.has(item));
  const came = fresh.filter((item) => !old.has(item)).length;
  return before.slice(lastCommon + 1, lastCommon + 1 + came);
}
