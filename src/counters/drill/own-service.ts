import { CounterError, OutcomeUnknown } from '../../domain/errors.js';
import type { Actor } from '../../domain/deed.js';
import type { Operation } from '../../domain/operation.js';
import type { CountersService, Source } from '../counters.service.js';
import type { CacheUpkeep } from '../upkeep/cache-upkeep.js';
import type { DrilledReading, DrilledService } from './drilled-service.js';

const SOURCES: Readonly<Record<Source, string>> = {
  hit: 'evercount; hit',
  unverified: 'evercount; hit; detail=unverified',
  miss: 'evercount; fwd=miss',
  bypass: 'evercount; fwd=bypass',
};

const NOTHING = { value: 0, version: 0 };

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
    const { json, source } = await this.counters.read(name, consistency);
    const body = json === null ? NOTHING : (JSON.parse(json) as DrilledReading['body']);
    return { status: json === null ? 404 : 200, source: SOURCES[source], body };
  }

  async increment(name: string, key: string): Promise<{ readonly status: number }> {
    try {
      const { outcome } = await this.write({ kind: 'increment', name, by: 1 }, key);
      return { status: outcome.kind === 'done' ? 200 : 409 };
    } catch (error) {
      if (error instanceof CounterError || error instanceof OutcomeUnknown) return { status: 503 };
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
