import { KeyInProgress, KeyReused, OutcomeUnknown, Unavailable } from '../../../domain/errors.js';
import type { SentError } from './messages.js';

/** An error as it is told to another process. */
export function sentError(error: unknown): SentError {
  const { name, retryAfterSeconds } = kindOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : null;
  return { kind: 'error', name, message, retryAfterSeconds, cause };
}

/** The error that was told. */
export function errorOf({ name, message, retryAfterSeconds, cause }: SentError): Error {
  switch (name) {
    case 'Unavailable':
      return new Unavailable(message, retryAfterSeconds, cause === null ? {} : { cause: new Error(cause) });
    case 'OutcomeUnknown':
      return new OutcomeUnknown(message, retryAfterSeconds);
    case 'KeyReused':
      return new KeyReused(message);
    case 'KeyInProgress':
      return new KeyInProgress(message);
    case 'fault':
      return new Error(message);
  }
}

function kindOf(error: unknown): Pick<SentError, 'name' | 'retryAfterSeconds'> {
  if (error instanceof Unavailable) return { name: 'Unavailable', retryAfterSeconds: error.retryAfterSeconds };
  if (error instanceof OutcomeUnknown) return { name: 'OutcomeUnknown', retryAfterSeconds: error.retryAfterSeconds };
  if (error instanceof KeyReused) return { name: 'KeyReused', retryAfterSeconds: 1 };
  if (error instanceof KeyInProgress) return { name: 'KeyInProgress', retryAfterSeconds: 1 };
  return { name: 'fault', retryAfterSeconds: 1 };
}
