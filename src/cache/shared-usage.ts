import { Injectable } from '@nestjs/common';
import { Realm } from './realm.js';
import { unavailable } from './redis-connection.js';

/** Not under the prefix of entries. */
const PREFIX = 'evercount:limit:';

/** Whoever was silent for this long has everything left again. */
const LIFE_SECONDS = 60;

/** What callers used on all instances together, as far as Redis remembers; right about once a second, not exact. */
@Injectable()
export class SharedUsage {
  constructor(private readonly realm: Realm) {}

  /**
   * Adds what was used, in one pipeline.
   *
   * @returns what each caller has used in all, in order; smaller than before after a flush
   */
  async add(uses: readonly (readonly [caller: string, count: number])[]): Promise<number[]> {
    const replies = await this.realm.send(
      uses.flatMap(([caller, count]) => [
        ['incrby', PREFIX + caller, count] as const,
        ['expire', PREFIX + caller, LIFE_SECONDS] as const,
      ]),
    );
    return uses.map((_, index) => {
      const total = replies[2 * index];
      if (total instanceof Error) throw unavailable(total);
      return Number(total);
    });
  }
}
