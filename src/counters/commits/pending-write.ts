import type { AskedKey, UsedKey } from '../../store/idempotency-keys.js';
import type { Truth } from '../../domain/counter.js';
import { KeyReused, OutcomeUnknown, Unavailable } from '../../domain/errors.js';
import type { Clock } from '../clock.js';
import type { Holder } from '../shares.js';
import type { Queued } from './lane.js';
import type { Answer, IdempotencyKey, Write } from '../../domain/operation.js';
import { ANSWER_WITHIN_MS } from './resend.js';

/** A write that waits for its answer. */
export interface PendingWrite extends Queued {
  readonly write: Write;
  /** Of the request, where there is a key. */
  readonly fingerprint: string | null;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Whose share of what waits it is; null where nobody's is counted. */
export function holderOf({ creator }: Pick<Write, 'creator'>): Holder {
  return creator?.keyId ?? null;
}

/** One text for one key. */
export function keyId({ owner, key }: IdempotencyKey): string {
  // An owner's id holds no space.
  return `${owner} ${key}`;
}

/** The key that a write came with, if any, and its counter. */
export function askedKeyOf({ key, operation: { name } }: Write): AskedKey[] {
  return key === null ? [] : [{ ...key, name }];
}

/** Whether something waited so long that its client must hear now; it was not written. */
export function tooOld({ acceptedAtMs, reject }: Pick<PendingWrite, 'acceptedAtMs' | 'reject'>, clock: Clock): boolean {
  const old = clock.monotonicMs() - acceptedAtMs > ANSWER_WITHIN_MS;
  if (old) reject(new Unavailable('Postgres could not take the write in time; nothing was written.'));
  return old;
}

/** Says that a key stands for another request. */
export function keyReused(): KeyReused {
  return new KeyReused('This idempotency key was used for another request.');
}

/** A write whose key was used before, and what stands under that key. */
export interface Replay {
  readonly pending: PendingWrite;
  readonly used: UsedKey;
}

/**
 * Answers writes from what was decided earlier under their keys.
 *
 * @param publish what was learned, all of it together, before any of it is told
 */
export async function answerReplays(
  replays: readonly Replay[],
  publish: (truths: readonly Truth[]) => Promise<void>,
): Promise<void> {
  const answers: { readonly pending: PendingWrite; readonly outcome: Answer['outcome'] }[] = [];
  for (const { pending, used } of replays) {
    if (used.fingerprint !== pending.fingerprint) pending.reject(keyReused());
    else answers.push({ pending, outcome: used.outcomeFor(pending.write.operation.name) });
  }
  try {
    await publish(answers.map(({ outcome }) => outcome.truth));
    for (const { pending, outcome } of answers) pending.resolve({ outcome, replayed: true });
  } catch {
    for (const { pending } of answers) {
      pending.reject(new OutcomeUnknown('It was decided earlier, but cannot be told safely yet.'));
    }
  }
}
