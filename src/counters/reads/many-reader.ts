import { Injectable } from '@nestjs/common';
import { CounterCache } from '../../cache/counter-cache.js';
import { type Entry, expiresAtOf } from '../../cache/entry.js';
import type { Identity } from '../../cache/identity.js';
import { stepsOf } from '../../domain/steps.js';
import { DatabaseClock } from '../database-clock.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { type Group, groupsOf } from '../guard/groups.js';
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
    const permit = this.guard.permit();
    const found = new Map<string, Entry>();
    let missed = 0;
    const look = async ({ identity, names: members }: Group, isPermitted: boolean): Promise<readonly string[]> => {
      const cached = identity === null ? members.map(() => null) : await this.fromCache(members, identity);
      const rest = members.filter((name, index) => {
        const entry = cached[index] ?? null;
        if (entry !== null) found.set(name, entry);
        return entry === null;
      });
      this.tallies.reads[isPermitted ? 'hit' : 'unverified'] += members.length - rest.length;
      this.tallies.reads[isPermitted ? 'miss' : 'bypass'] += rest.length;
      // Without the permission to look into the cache, nobody could have found it there.
      if (isPermitted) missed += rest.length;
      return rest;
    };
    const looks = groupsOf(names, permit).flatMap((group) =>
      group.identity !== null
        ? [look(group, true)]
        : groupsOf(group.names, (name) => this.guard.unverified(name)).map((other) => look(other, false)),
    );
    const missing = (await Promise.all(looks)).flat();
    if (missing.length > 0) {
      const rest = await this.fills.fillMany(missing, permit);
      missing.forEach((name, index) => {
        const entry = rest.entries[index];
        if (entry !== undefined) found.set(name, entry);
      });
    }
    return { entries: names.map((name) => found.get(name) ?? { version: 0, json: null }), missed };
  }

  private async fromCache(names: readonly string[], identity: Identity): Promise<(Entry | null)[]> {
    // Away: every name is read from the truth.
    const entries = await this.cache.getMany(names, identity).catch(() => names.map(() => null));
    return entries.map((entry) => (entry === null || this.clock.isPast(expiresAtOf(entry)) ? null : entry));
  }
}
