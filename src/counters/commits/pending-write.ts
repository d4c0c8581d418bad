import type { UsedKey } from '../../store/idempotency-keys.js';
import type { Truth } from '../counter.js';
import { KeyReused, OutcomeUnknown, Unavailable } from '../errors.js';
import type { Queued } from './lane.js';
import type { Answer, IdempotencyKey, Write } from '../operation.js';
import { ANSWER_WITHIN_MS } from './resend.js';

/** A write that waits for its answer. */
export interface PendingWrite extends Queued {
  readonly write: Write;
  /** Of the request, where there is a key. */
  readonly fingerprint: string | null;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** One text for one key. */
export function keyId({ owner, key }: IdempotencyKey): string {
  // An owner's id holds no space.
  return `${owner} ${key}`;
}

/** Whether something waited so long that its client must hear now; it was not written. */
export function tooOld({ acceptedAtMs, reject }: Pick<PendingWrite, 'acceptedAtMs' | 'reject'>): boolean {
  const old = performance.now() - acceptedAtMs > ANSWER_WITHIN_MS;
  if (old) reject(new Unavailable('Postgres could not take the write in time; nothing was written.'));
  return old;
}

/** Says that a key stands for another request. */
export function keyReused(): KeyReused {
  return new KeyReused('This idempotency key was used for another request.');
}

/**
 * Answers a write from what was decided earlier under its key.
 *
 * @param publish what was learned, before it is told
 */
export async function replayOf(
  { write, fingerprint, resolve, reject }: PendingWrite,
  used: UsedKey,
  publish: (truth: Truth) => Promise<void>,
): Promise<void> {
  if (used.fingerprint !== fingerprint) {
    reject(keyReused());
    return;
  }
  const outcome = used.outcomeFor(write.operation.name);
  try {
    await publish(outcome.truth);
    resolve({ outcome, replayed: true });
  } catch {
    reject(new OutcomeUnknown('It was decided earlier, but cannot be told safely yet.'));
  }
}
