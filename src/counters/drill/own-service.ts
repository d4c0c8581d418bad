import { counterInJson } from '../../domain/counter.js';
import type { Actor } from '../../domain/deed.js';
import { CounterError } from '../../domain/errors.js';
import type { Operation } from '../../domain/operation.js';
import type { CountersService, Source } from '../counters.service.js';
import type { CacheUpkeep } from '../upkeep/cache-upkeep.js';
import type { DrilledReading, DrilledService, ReadFrom } from './drilled-service.js';

/** This service as a drill asks it from inside: by the same rules as every way in. */
export class OwnService implements DrilledService {
  constructor(
    private readonly counters: CountersService,
    private readonly upkeep: CacheUpkeep,
    private readonly by: Actor,
  ) {}

  async list(limit: number, cursor: string | null) {
    const { counters: data, hasMore } = await this.counters.list({ prefix: '', after: cursor, limit });
    return { data, nextCursor: hasMore ? (data.at(-1)?.name ?? null) : null };
  }

  async read(name: string, consistency: 'cached' | 'strong' = 'cached'): Promise<DrilledReading> {
    const { json, version, source } = await this.counters.read(name, consistency);
    const from = fromOf(source);
    return json === null
      ? { kind: 'absent', from }
      : { kind: 'counter', from, value: counterInJson(json).value, version };
  }

  async increment(name: string, key: string): Promise<boolean> {
    try {
      const { outcome } = await this.write({ kind: 'increment', name, by: 1 }, key);
      return outcome.kind === 'done';
    } catch (error) {
      if (error instanceof CounterError) return false;
      throw error;
    }
  }

  async delete(name: string): Promise<void> {
    await this.write({ kind: 'delete', name, condition: null }, null);
  }

  flush(): Promise<number> {
    return this.upkeep.flush(this.by);
  }

  private write(operation: Operation, key: string | null) {
    return this.counters.write({
      operation,
      key: key === null ? null : { owner: '', key },
      creator: null,
      requestId: this.by.requestId ?? '',
      actor: this.by,
    });
  }
}

function fromOf(source: Source): ReadFrom {
  return source === 'hit' || source === 'unverified' ? 'cache' : 'postgres';
}
