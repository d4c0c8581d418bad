import { type Counter, isCounter, type Truth } from '../../domain/counter.js';
import type { Expire, Expiry } from '../../domain/operation.js';

/**
 * When a counter ends after a write.
 *
 * @param expiry what the write says; undefined: nothing
 * @param before when it ended before; null: never, or there was no counter
 * @param now RFC 3339, from the database's clock
 * @returns RFC 3339; null: never
 */
export function expiresAtAfter(expiry: Expiry | undefined, before: string | null, now: string): string | null {
  if (expiry === undefined) return before;
  if (expiry.kind !== 'never' && expiry.where === 'ifNone' && before !== null) return before;
  return momentOf(expiry, now);
}

/** Whether an expiry is to be refused because its moment is past. */
export function isRefused(expiry: Expiry | undefined, now: string): boolean {
  return expiry?.kind === 'at' && expiry.ifPast === 'refuse' && expiry.moment <= now;
}

/** The moment that an expiry means for a write at `now`; null: never. */
export function momentOf(expiry: Expiry, now: string): string | null {
  switch (expiry.kind) {
    case 'never':
      return null;
    case 'in':
      return new Date(Date.parse(now) + expiry.ms).toISOString();
    case 'at':
      return expiry.moment;
  }
}

/** What is there once a write is done: where it says a moment that is past, the counter has ended, one version on. */
export function leftAt(truth: Truth, now: string): Truth {
  if (!isCounter(truth) || truth.expiresAt === null || truth.expiresAt > now) return truth;
  return { name: truth.name, value: null, version: truth.version + 1 };
}

/** Says why an `expire` leaves a counter as it is, the end of a sentence; null: it does not. */
export function faultOfExpire({ expiry, has, than }: Expire, { expiresAt }: Counter, now: string): string | null {
  if (has === 'some' && expiresAt === null) return 'the counter has no expiry';
  if (has === 'none' && expiresAt !== null) return 'the counter has an expiry';
  if (than === null) return null;
  const [moment, before] = [momentOf(expiry, now) ?? NEVER, expiresAt ?? NEVER];
  const holds = than === 'later' ? moment > before : moment < before;
  return holds ? null : `the counter would not end ${than}`;
}

/** After every moment there is. */
const NEVER = '~';
