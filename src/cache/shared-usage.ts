import { Injectable } from '@nestjs/common';
import { RedisConnection, unavailable } from './redis-connection.js';

/** Not under the prefix of entries. */
const PREFIX = 'evercount:limit:';

/** Whoever was silent for this long has everything left again. */
const LIFE_SECONDS = 60;

/** What callers used on all instances together, as far as Redis remembers; right about once a second, not exact. */
@Injectable()
export class SharedUsage {
  constructor(private readonly connection: RedisConnection) {}

  /**
   * Adds what was used, in one pipeline.
   *
   * @returns what each caller has used in all, in order; smaller than before after a flush
   * @throws CacheUnavailable
   */
  async add(uses: readonly (readonly [caller: string, count: number])[]): Promise<number[]> {
    const { client } = this.connection;
    try {
      // Automatic pipelining sends what is asked in one turn of the event loop together.
      return await Promise.all(
        uses.map(async ([caller, count]) => {
          const key = PREFIX + caller;
          const [total] = await Promise.all([client.incrby(key, count), client.expire(key, LIFE_SECONDS)]);
          return total;
        }),
      );
    } catch (error) {
      throw unavailable(error);
    }
  }
}
