/** Why a request is not let in, as nouns of the domain; `http/` maps them to status codes. */
export class AccessError extends Error {
  override readonly name = this.constructor.name;
}

/** There is no key, or it is not good. */
export class Unauthorized extends AccessError {}

/** The key is good, and does not allow this. */
export class Forbidden extends AccessError {}

/** It was sent to a host that is not this service. */
export class Misdirected extends AccessError {}

/** What the request asks for cannot be read, and so not be held to what its key allows. */
export class Unreadable extends AccessError {}

/** Too many requests by one key or one address. */
export class RateLimited extends AccessError {
  /** @param retryAfterSeconds when to try again, whole seconds, at least 1 */
  constructor(
    message: string,
    readonly retryAfterSeconds: number,
  ) {
    super(message);
  }
}
