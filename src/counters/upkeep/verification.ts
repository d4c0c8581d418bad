import type { CounterCache } from '../../cache/counter-cache.js';
import type { CounterReader } from '../../store/counter-reader.js';
import type { Permit } from '../guard/cache-guard.js';
import { Comparison } from './comparison.js';
import type { Drift } from './drift.js';
import { Walk } from './walk.js';
import { Clock } from '../clock.js';

export interface VerifyReport {
  /** Entries that were compared; one may be compared twice. */
  readonly compared: number;
  /** Keys that were no entry of the present identity: leases, and what an earlier Redis, epoch or database left. */
  readonly others: number;
  readonly drift: readonly Drift[];
  /** Drifting entries that were removed. */
  readonly removed: number;
  readonly durationMs: number;
}

export interface VerifyOptions {
  /** Remove what drifts, which is safe at any time: a missing entry is read from Postgres. */
  readonly fix: boolean;
  /** Called after each step with the entries compared. */
  readonly progress: (compared: number) => void;
}

/**
 * Compares every entry with the truth, from outside of the service: nothing is repaired before it was seen.
 *
 * @param permit says which entries are looked at; others are passed over
 * @throws CacheUnavailable, StoreFailure
 */
export async function verifyEntries(
  cache: CounterCache,
  reader: CounterReader,
  permit: Permit,
  { fix, progress }: VerifyOptions,
): Promise<VerifyReport> {
  const clock = new Clock();
  const walk = new Walk(Infinity, clock);
  const remedy = (names: readonly string[]): Promise<number> => (fix ? cache.remove(names) : Promise.resolve(0));
  const comparison = new Comparison(
    cache,
    reader,
    {
      permit: () => permit,
      isServing: () => true,
      nowMs: () => clock.moment().calendarMs,
      ofWrong: remedy,
      ofBehind: (truths) => remedy(truths.map(({ name }) => name)),
    },
    clock,
  );
  await comparison.of(walk, { progress });
  const { compared, others, drift, repaired, durationMs } = walk;
  return { compared, others, drift, removed: repaired, durationMs };
}
