/** What clients ask for: the same requests, byte for byte, of whoever answers them, but for who knows paths of its own. */

/** Whose turn it is: one counter, all of `count` alike, or few of `count` most of the time. */
export type Names =
  | { readonly kind: 'hot' }
  | { readonly kind: 'uniform'; readonly count: number }
  | { readonly kind: 'zipf'; readonly count: number };

/**
 * `mixed` is nine reads to one increment; `batch` is BATCH_ITEMS increments in one request; `window` counts within the
 * present minute of a rate limit, which begins with the first call and ends by itself. `webdis-increment` and `webdis-read`
 * are the first two as Webdis is asked for them.
 */
export type Operation = 'increment' | 'read' | 'mixed' | 'batch' | 'window' | 'webdis-increment' | 'webdis-read';

export interface Workload {
  readonly operation: Operation;
  readonly names: Names;
  /** Each request with an idempotency key of its own. */
  readonly keyed: boolean;
  /** What each client waits between an answer and its next request; absent: nothing. */
  readonly thinkMs?: number;
}

export const BATCH_ITEMS = 100;

/** The skew of YCSB's workloads: of a million counters the first gets 6 % of all requests. */
const ZIPF_THETA = 0.99;

/** Increments in one request. */
export function itemsOf({ operation }: Workload): number {
  return operation === 'batch' ? BATCH_ITEMS : 1;
}

export function nameOf(index: number): string {
  return `counter-${index}`;
}

/**
 * What a generator is told, in this order: operation, items of a batch, number of counters, theta and zeta(count,
 * theta) of Zipf's law (both 0 where all counters are alike), whether there are keys, milliseconds to think, and the seed
 * of its dice.
 */
export function generatorArguments({ operation, names, keyed, thinkMs = 0 }: Workload, seed: number): string[] {
  const count = names.kind === 'hot' ? 1 : names.count;
  const [theta, zetaOfAll] = names.kind === 'zipf' ? [ZIPF_THETA, zeta(count, ZIPF_THETA)] : [0, 0];
  return [operation, BATCH_ITEMS, count, theta, zetaOfAll, keyed ? 'keyed' : 'plain', thinkMs, seed].map(String);
}

function zeta(count: number, theta: number): number {
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) sum += rank ** -theta;
  return sum;
}
