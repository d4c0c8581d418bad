import type { Allowance } from './token-bucket.js';

/** Why a request is not let in, as nouns of the domain; each way in maps them to what its protocol says. */
export class AccessError extends Error {
  override readonly name = this.constructor.name;
}

/** There is no key, or it is not good. */
export class Unauthorized extends AccessError {}

/** The key is good, and does not allow this. */
export class Forbidden extends AccessError {}

/** Too many requests by one key or one address. */
export class RateLimited extends AccessError {
  /**
   * @param retryAfterSeconds when to try again, whole seconds, at least 1
   * @param allowance of the limit that was reached; null where callers are not told of it
   */
  constructor(
    message: string,
    readonly retryAfterSeconds: number,
    readonly allowance: Allowance | null = null,
  ) {
    super(message);
  }
}
