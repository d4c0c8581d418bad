import { DrillFailed, type DrilledReading, type DrilledService } from '../counters/drill/drilled-service.js';
import type { ServiceCalls } from './service-calls.js';

/** How `Cache-Status` begins where an answer is from the cache. */
const HIT = 'evercount; hit';

/** A running service as a drill asks it, by the calls that everybody has. */
export class DrilledOverHttp implements DrilledService {
  constructor(private readonly calls: ServiceCalls) {}

  list(limit: number, cursor: string | null) {
    return this.calls.list(limit, cursor);
  }

  async read(name: string, consistency: 'cached' | 'strong' = 'cached'): Promise<DrilledReading> {
    const { status, source, body } = await this.calls.read(name, consistency);
    const from = source.startsWith(HIT) ? 'cache' : 'postgres';
    switch (status) {
      case 200:
        return { kind: 'counter', from, value: body.value, version: body.version };
      case 404:
        return { kind: 'absent', from };
      default:
        return { kind: 'unanswered' };
    }
  }

  async increment(name: string, key: string): Promise<boolean> {
    const { status } = await this.calls.increment(name, key);
    // What is in progress, too often or away is sent again.
    if (status !== 200 && status !== 409 && status !== 429 && status < 500) {
      throw new DrillFailed(`an increment of ${name} was answered ${status}; the key needs the scope "write"`, true);
    }
    return status === 200;
  }

  delete(name: string): Promise<void> {
    return this.calls.delete(name);
  }

  flush(): Promise<number> {
    return this.calls.flush();
  }
}
