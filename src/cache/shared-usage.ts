import { Injectable } from '@nestjs/common';
import { grouped } from '../domain/grouped.js';
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
   * Adds what was used, in one pipeline for each server.
   *
   * @returns what each caller has used in all, in order; smaller than before after a flush
   */
  async add(uses: readonly (readonly [caller: string, count: number])[]): Promise<number[]> {
    const totals: number[] = [];
    const placed = uses.map(([caller, count], place) => ({ key: PREFIX + caller, count, place }));
    await Promise.all(
      [...grouped(placed, ({ key }) => this.realm.lineOf(key))].map(async ([line, own]) => {
        const replies = await line.send(
          own.flatMap(({ key, count }) => [['incrby', key, count] as const, ['expire', key, LIFE_SECONDS] as const]),
        );
        own.forEach(({ place }, index) => {
          const total = replies[2 * index];
          if (total instanceof Error) throw unavailable(total);
          totals[place] = Number(total);
        });
      }),
    );
    return totals;
  }
}
