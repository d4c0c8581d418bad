import { Injectable } from '@nestjs/common';
import { CounterCache } from '../../cache/counter-cache.js';
import { type Entry, entryOf, expiresAtOf } from '../../cache/entry.js';
import type { Identity } from '../../cache/identity.js';
import { CacheUnavailable } from '../../cache/redis-connection.js';
import { stepsOf } from '../../domain/steps.js';
import { DatabaseClock } from '../database-clock.js';
import { CounterReader } from '../../store/counter-reader.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { CounterFills } from './counter-fills.js';
import { Tallies } from '../tallies.js';

/** What was read of many counters. */
export interface ManyRead {
  /** Each counter's JSON, or null, in the order of the names. */
  readonly counters: readonly (string | null)[];
  /** How many of them the cache did not have, although it was there to ask. */
  readonly misses: number;
}

/** Reads many counters at once. */
@Injectable()
export class ManyReader {
  constructor(
    private readonly cache: CounterCache,
    private readonly fills: CounterFills,
    private readonly reader: CounterReader,
    private readonly guard: CacheGuard,
    private readonly tallies: Tallies,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * @returns each counter's JSON, or null, in the order of the names
   * @throws StoreFailure
   */
  async read(names: readonly string[]): Promise<ManyRead> {
    const { entries, misses } = await this.readEntries(names);
    return { counters: names.map((name) => entries.get(name)?.json ?? null), misses };
  }

  /**
   * @returns what each name holds, by name
   * @throws StoreFailure
   */
  async readEntries(names: readonly string[]): Promise<{ entries: Map<string, Entry>; misses: number }> {
    const found = new Map<string, Entry>();
    let misses = 0;
    for (const step of stepsOf([...new Set(names)])) {
      const { entries, missed } = await this.readStep(step);
      misses += missed;
      step.forEach((name, index) => {
        const entry = entries[index];
        if (entry !== undefined) found.set(name, entry);
      });
    }
    return { entries: found, misses };
  }

  private async readStep(names: readonly string[]): Promise<{ entries: Entry[]; missed: number }> {
    const permission = this.guard.permission();
    const identity = permission ?? this.guard.unverified();
    const cached = identity === null ? names.map(() => null) : await this.fromCache(names, identity);
    const missing = names.filter((_, index) => cached[index] === null);
    this.tallies.reads[permission === null ? 'unverified' : 'hit'] += names.length - missing.length;
    this.tallies.reads[permission === null ? 'bypass' : 'miss'] += missing.length;
    const rest = missing.length === 0 ? [] : await this.readMissing(missing, permission);
    const byName = new Map(missing.map((name, index) => [name, rest[index]]));
    const entries = names.map((name, index) => cached[index] ?? byName.get(name) ?? { version: 0, json: null });
    // Without the permission to look into the cache, nobody could have found it there.
    return { entries, missed: permission === null ? 0 : missing.length };
  }

  private async fromCache(names: readonly string[], identity: Identity): Promise<(Entry | null)[]> {
    // Away: every name is read from the truth.
    const entries = await this.cache.getMany(names, identity).catch(() => names.map(() => null));
    return entries.map((entry) => (entry === null || this.clock.isPast(expiresAtOf(entry)) ? null : entry));
  }

  private async readMissing(names: readonly string[], permission: Identity | null): Promise<Entry[]> {
    if (permission !== null) {
      try {
        return (await this.fills.fillMany(names, permission)).entries;
      } catch (error) {
        if (!(error instanceof CacheUnavailable)) throw error;
      }
    }
    return (await this.reader.readMany(names)).truths.map(entryOf);
  }
}
