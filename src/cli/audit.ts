import { setTimeout as sleep } from 'node:timers/promises';
import type { CounterCache } from '../cache/counter-cache.js';
import type { Entry } from '../cache/entry.js';
import type { Identity } from '../cache/identity.js';
import type { Truth } from '../domain/counter.js';
import { compare, type Drift, driftOf } from '../counters/upkeep/drift.js';
import type { CounterReader } from '../store/counter-reader.js';

/** Names in one step: a GET and a SELECT of so many take milliseconds each. */
const CHUNK = 500;

/** A commit is published long before; what is still older then was forgotten. */
const SECOND_LOOK_AFTER_MS = 1_000;

export interface AuditReport {
  /** Entries that were compared; one may be compared twice. */
  readonly compared: number;
  /** Keys that were no entry of the present identity: leases, and what an earlier Redis, epoch or database left. */
  readonly others: number;
  readonly drift: readonly Drift[];
  /** Drifting entries that were removed. */
  readonly removed: number;
  readonly durationMs: number;
}

/** What looked older than the truth, and the version that it must have reached by the second look. */
interface Suspect {
  readonly name: string;
  readonly version: number;
  readonly seenAtMs: number;
}

/**
 * Compares every entry with the truth, from outside of the service. It changes nothing unless it is told to remove what
 * drifts, which is safe at any time: a missing entry is read from Postgres.
 */
export class Audit {
  private compared = 0;
  private others = 0;
  private removed = 0;
  private readonly drift: Drift[] = [];
  private suspects: Suspect[] = [];

  constructor(
    private readonly cache: CounterCache,
    private readonly reader: CounterReader,
    private readonly identity: Identity,
    private readonly fix: boolean,
  ) {}

  /**
   * @param progress called after each step with the entries compared
   * @throws CacheUnavailable, StoreFailure
   */
  async run(progress: (compared: number) => void): Promise<AuditReport> {
    const startedAtMs = performance.now();
    let cursor = '0';
    do {
      const step = await this.cache.scan(cursor, CHUNK);
      cursor = step.cursor;
      for (let start = 0; start < step.names.length; start += CHUNK) {
        await this.look(step.names.slice(start, start + CHUNK));
      }
      progress(this.compared);
      if (this.suspects.length >= CHUNK) await this.lookAgain();
    } while (cursor !== '0');
    while (this.suspects.length > 0) await this.lookAgain();
    const { compared, others, drift, removed } = this;
    return { compared, others, drift, removed, durationMs: Math.round(performance.now() - startedAtMs) };
  }

  private async look(names: readonly string[]): Promise<void> {
    for (const { truth, entry } of await this.pairs(names)) {
      this.compared += 1;
      const found = compare(entry, truth);
      if (found === 'wrong') await this.note(driftOf('wrong', entry, truth, Date.now()));
      if (found === 'older')
        this.suspects.push({ name: truth.name, version: truth.version, seenAtMs: performance.now() });
    }
  }

  /** Between a commit and its publish an entry is older for a moment; only what stays so has drifted. */
  private async lookAgain(): Promise<void> {
    const suspects = this.suspects.splice(0, CHUNK);
    const latestMs = Math.max(...suspects.map(({ seenAtMs }) => seenAtMs));
    await sleep(Math.max(0, Math.ceil(latestMs + SECOND_LOOK_AFTER_MS - performance.now())));
    const expected = new Map(suspects.map(({ name, version }) => [name, version]));
    for (const { truth, entry } of await this.pairs([...expected.keys()])) {
      // Measured against the truth of then: the present one may be on its way to the cache right now.
      const then = expected.get(truth.name) ?? 0;
      if (entry.version < then) await this.note(driftOf('behind', entry, truth, Date.now()));
      else if (compare(entry, truth) === 'wrong') await this.note(driftOf('wrong', entry, truth, Date.now()));
    }
  }

  private async pairs(names: readonly string[]): Promise<{ truth: Truth; entry: Entry }[]> {
    const entries = await this.cache.getMany(names, this.identity);
    const held = names.flatMap((name, index) => {
      const entry = entries[index] ?? null;
      return entry === null ? [] : [{ name, entry }];
    });
    this.others += names.length - held.length;
    if (held.length === 0) return [];
    // After the GET, so that it sees at least what any of these entries was published from.
    const truths = await this.reader.readMany(held.map(({ name }) => name));
    return truths.flatMap((truth, index) => {
      const entry = held[index]?.entry;
      return entry === undefined ? [] : [{ truth, entry }];
    });
  }

  private async note(drift: Drift): Promise<void> {
    this.drift.push(drift);
    if (this.fix) this.removed += await this.cache.remove([drift.name]);
  }
}
