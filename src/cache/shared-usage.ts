import { Injectable } from '@nestjs/common';
import type { Line } from './line.js';
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
    const byLine = new Map<Line, number[]>();
    uses.forEach(([caller], index) => {
      const line = this.realm.lineOf(PREFIX + caller);
      const places = byLine.get(line);
      if (places === undefined) byLine.set(line, [index]);
      else places.push(index);
    });
    await Promise.all(
      [...byLine].map(async ([line, places]) => {
        const replies = await line.send(
          places.flatMap((index) => {
            const [caller, count] = uses[index] ?? ['', 0];
            return [['incrby', PREFIX + caller, count] as const, ['expire', PREFIX + caller, LIFE_SECONDS] as const];
          }),
        );
        places.forEach((place, index) => {
          const total = replies[2 * index];
          if (total instanceof Error) throw unavailable(total);
          totals[place] = Number(total);
        });
      }),
    );
    return totals;
  }
}
