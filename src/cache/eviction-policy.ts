/**
 * What `maxmemory-policy` means for jobs, whose keys must not be evicted.
 *
 * - `refused`: any key may go, also the schedule and what is waiting.
 * - `risky`: only keys with a life may go. Jobs have none, but entries of the cache do, and share the memory.
 * - `fine`: nothing goes.
 */
export type PolicyVerdict = 'refused' | 'risky' | 'fine';

/** @param info the answer to `INFO memory`, which also those may ask who may not ask for the configuration */
export function policyOf(info: string): string | null {
  return /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? null;
}

/** @param policy null: Redis did not say, and is taken to evict nothing */
export function judge(policy: string | null): PolicyVerdict {
  if (policy?.startsWith('allkeys-') === true) return 'refused';
  return policy?.startsWith('volatile-') === true ? 'risky' : 'fine';
}
