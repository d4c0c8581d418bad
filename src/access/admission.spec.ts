import { describe, expect, it } from '@jest/globals';
import { Unavailable } from '../domain/errors.js';
import { Admission } from './admission.js';
import { CallerTurns } from './caller-turns.js';
import type { CredentialChecks } from './credential-checks.js';
import type { KnownKeys } from './known-keys.js';
import type { RateLimits } from './rate-limits.js';
import type { ShareLinks } from './share-links.js';

/** Nothing begins, so that all that comes waits. */
const NONE_PER_TURN = 0;

const NOBODY_IS_PAST = { isOn: true, isStrangerPast: () => false };

describe('who waits in a promise for its turn', () => {
  const turns = new CallerTurns(NONE_PER_TURN);
  const admission = new Admission(
    { auth: 'required' } as ConstructorParameters<typeof Admission>[0],
    {} as KnownKeys,
    {} as CredentialChecks,
    NOBODY_IS_PAST as unknown as RateLimits,
    turns,
    {} as ShareLinks,
  );

  it('is refused where too much waits, instead of taking that for its turn', async () => {
    const begins: unknown[] = [];
    while (!turns.isFull('192.0.2.1')) turns.take('192.0.2.1', () => begins.push(0));
    await expect(admission.turn(null, '192.0.2.1')).rejects.toThrow(Unavailable);
    expect(begins).toEqual([]);
  });
});
