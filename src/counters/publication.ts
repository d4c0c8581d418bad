import type { Publication } from '../cache/counter-cache.js';
import { entryOf } from '../cache/entry.js';
import { isCounter, type Truth } from '../domain/counter.js';
import type { StatementTimes } from '../store/statement-times.js';

/** A truth on its way to the cache. @param nonce of a lease that was held before the truth was read; null: none */
export function publicationOf(truth: Truth, times: StatementTimes, nonce: string | null): Publication {
  const { sentAtMs } = times;
  return { name: truth.name, entry: entryOf(truth), nonce, sentAtMs, lastsMs: lastsMs(truth, times) };
}

/**
 * How long a counter lasts from when its statement was sent on, at most: the clock was read in the statement, and so
 * later. Null: for ever.
 */
function lastsMs(truth: Truth, { clock }: StatementTimes): number | null {
  if (!isCounter(truth) || truth.expiresAt === null) return null;
  return Date.parse(truth.expiresAt) - Date.parse(clock);
}
