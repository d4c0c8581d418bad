import { Injectable } from '@nestjs/common';
import { CounterCache } from '../../cache/counter-cache.js';
import { type Entry, entryOf } from '../../cache/entry.js';
import type { Scope } from '../../cache/identity.js';
import { CacheUnavailable } from '../../cache/redis-connection.js';
import { CounterReader } from '../../store/counter-reader.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { CounterFills } from './counter-fills.js';
import { Tallies } from '../tallies.js';

/** Names in one step; the statements underneath take no more. */
const CHUNK = 500;

/** Reads many counters at once. */
@Injectable()
export class ManyReader {
  constructor(
    private readonly cache: CounterCache,
    private readonly fills: CounterFills,
    private readonly reader: CounterReader,
    private readonly guard: CacheGuard,
    private readonly tallies: Tallies,
  ) {}

  /**
   * @returns each counter's JSON, or null, in the order of the names
   * @throws StoreFailure
   */
  async read(names: readonly string[]): Promise<(string | null)[]> {
    const found = await this.readEntries(names);
    return names.map((name) => found.get(name)?.json ?? null);
  }

  /**
   * @returns what each name holds, by name
   * @throws StoreFailure
   */
  async readEntries(names: readonly string[]): Promise<Map<string, Entry>> {
    const unique = [...new Set(names)];
    const found = new Map<string, Entry>();
    for (let start = 0; start < unique.length; start += CHUNK) {
      const chunk = unique.slice(start, start + CHUNK);
      const entries = await this.readChunk(chunk);
      chunk.forEach((name, index) => {
        const entry = entries[index];
        if (entry !== undefined) found.set(name, entry);
      });
    }
    return found;
  }

  private async readChunk(names: readonly string[]): Promise<Entry[]> {
    const permission = this.guard.permission();
    const scope = permission ?? this.guard.unverified();
    const cached = scope === null ? names.map(() => null) : await this.fromCache(names, scope);
    const missing = names.filter((_, index) => cached[index] === null);
    this.tallies.reads[permission === null ? 'unverified' : 'hit'] += names.length - missing.length;
    this.tallies.reads[permission === null ? 'bypass' : 'miss'] += missing.length;
    const rest = missing.length === 0 ? [] : await this.readMissing(missing, permission);
    const byName = new Map(missing.map((name, index) => [name, rest[index]]));
    return names.map((name, index) => cached[index] ?? byName.get(name) ?? { version: 0, json: null });
  }

  private async fromCache(names: readonly string[], scope: Scope): Promise<(Entry | null)[]> {
    // Away: every name is read from the truth.
    return this.cache.getMany(names, scope).catch(() => names.map(() => null));
  }

  private async readMissing(names: readonly string[], permission: Scope | null): Promise<Entry[]> {
    if (permission !== null) {
      try {
        return (await this.fills.fillMany(names, permission)).entries;
      } catch (error) {
        if (!(error instanceof CacheUnavailable)) throw error;
      }
    }
    return (await this.reader.readMany(names)).map(entryOf);
  }
}
