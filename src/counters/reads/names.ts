import { Injectable } from '@nestjs/common';
import { CounterPages } from '../../store/counter-pages.js';
import { NameWalk } from '../../store/name-walk.js';
import { orUnavailable } from '../or-unavailable.js';

/** Names in one step. */
const STEP = 1_000;

/** Places of the walk. */
const PLACES = 2 ** 52;

/** Which counters there are: no snapshot, and not covered by the promise of single reads. */
@Injectable()
export class Names {
  private readonly counting = new Map<string, Promise<number>>();

  constructor(
    private readonly pages: CounterPages,
    private readonly walk: NameWalk,
  ) {}

  /**
   * A step of a walk through the names that begin with a prefix; often fewer than were looked at.
   *
   * @param from 0, or what the step before said
   * @param limit how many are looked at, 1 to 1000
   * @returns where to go on; 0 at the end
   * @throws Unavailable
   */
  step(from: number, limit: number, prefix: string): Promise<{ names: string[]; next: number }> {
    return orUnavailable(() => this.walk.step(from, limit, prefix));
  }

  /**
   * The names that begin with a prefix and are wanted, in byte order.
   *
   * @param limit how many of them, and `looks` how many are looked at for them
   * @returns null where there are more
   * @throws Unavailable
   */
  async matching(
    prefix: string,
    isWanted: (name: string) => boolean,
    { limit, looks }: { readonly limit: number; readonly looks: number },
  ): Promise<string[] | null> {
    const found: string[] = [];
    let after: string | null = null;
    for (let looked = 0; ; looked += STEP) {
      const page = await this.page(prefix, after);
      found.push(...page.names.filter(isWanted));
      if (found.length > limit) return null;
      if (!page.hasMore) return found;
      if (looked + STEP >= looks) return null;
      after = page.names.at(-1) ?? null;
    }
  }

  /**
   * Any name that begins with a prefix; null where there is none.
   *
   * @throws Unavailable
   */
  async any(prefix: string): Promise<string | null> {
    const from = Math.floor(Math.random() * PLACES);
    for (const place of [from, 0]) {
      const { names } = await this.step(place, STEP, prefix);
      const name = names[Math.floor(Math.random() * names.length)];
      if (name !== undefined) return name;
    }
    // Few among many: those of the walk were all others.
    const { names } = await this.page(prefix, null);
    return names[Math.floor(Math.random() * names.length)] ?? null;
  }

  /**
   * How many there are that begin with a prefix. It looks at each; who asks while it does so waits for the next look,
   * which begins after all of them came.
   *
   * @throws Unavailable
   */
  async count(prefix: string): Promise<number> {
    const running = this.counting.get(prefix);
    if (running === undefined) return this.look(prefix);
    await running.catch(() => 0);
    return this.counting.get(prefix) ?? this.look(prefix);
  }

  private look(prefix: string): Promise<number> {
    const own = orUnavailable(() => this.walk.count(prefix));
    const close = (): void => void this.counting.delete(prefix);
    this.counting.set(prefix, own);
    own.then(close, close);
    return own;
  }

  private async page(prefix: string, after: string | null): Promise<{ names: string[]; hasMore: boolean }> {
    const { counters, hasMore } = await orUnavailable(() => this.pages.counters({ prefix, after, limit: STEP }));
    return { names: counters.map(({ name }) => name), hasMore };
  }
}
