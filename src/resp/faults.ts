import { Forbidden, RateLimited, Unauthorized } from '../access/errors.js';
import { KeyInProgress, KeyReused, OutcomeUnknown, Unavailable } from '../domain/errors.js';
import type { Refused } from '../domain/operation.js';
import { CommandError, NO_AUTH } from '../wire/resp/command-error.js';
import { OVERFLOW } from '../wire/resp/integers.js';
import { error } from '../wire/resp/reply.js';
import { bytesOf } from '../wire/resp/text.js';

/** What a client is told of a write that was refused. */
export function refusal({ code, detail }: Refused): string {
  switch (code) {
    case 'value_overflow':
      return error(OVERFLOW);
    case 'out_of_bounds':
      return error('ERR value is out of bounds');
    case 'quota_exceeded':
      return error(`QUOTA ${detail}`);
    case 'not_found':
      return error('ERR no such key');
    case 'version_mismatch':
    case 'invalid_request':
      return error(`ERR ${bytesOf(detail)}`);
  }
}

/** What a client is told where there is no answer. */
export function faultAnswer(fault: unknown): string {
  return error(faultText(fault));
}

function faultText(fault: unknown): string {
  if (fault instanceof CommandError) return fault.message;
  if (fault instanceof Unauthorized) return NO_AUTH;
  if (fault instanceof Forbidden) return `NOPERM ${fault.message}`;
  if (fault instanceof RateLimited) return `LIMIT ${fault.message} retry after ${fault.retryAfterSeconds} s`;
  if (fault instanceof KeyReused) return 'ERR idempotency key was used for another command';
  if (fault instanceof KeyInProgress) return `TRYAGAIN ${fault.message}`;
  if (fault instanceof OutcomeUnknown) return `OUTCOMEUNKNOWN ${fault.message}`;
  if (fault instanceof Unavailable) return `UNAVAILABLE nothing was written; ${fault.message}`;
  return 'ERR internal error';
}
