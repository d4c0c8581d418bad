/** Why a request could not be answered, as nouns of the domain; each way in maps them to what its protocol says. */
export class CounterError extends Error {
  override readonly name = this.constructor.name;
}

/** Nothing was written or learned: Postgres cannot be reached, the queue is full, or the service is draining. */
export class Unavailable extends CounterError {
  /** @param retryAfterSeconds when to try again, whole seconds, at least 1 */
  constructor(
    message: string,
    readonly retryAfterSeconds = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The write was sent, and whether it was committed cannot be learned now; the same key settles it later. */
export class OutcomeUnknown extends CounterError {
  /** @param retryAfterSeconds when to try again, whole seconds, at least 1 */
  constructor(
    message: string,
    readonly retryAfterSeconds = 1,
  ) {
    super(message);
  }
}

/** There cannot be what was asked for; the message says why. */
export class UnfitWish extends CounterError {}

/** There is too little history for a forecast; the message says how much there is. */
export class NotEnoughHistory extends CounterError {}

/** The idempotency key stands for another request. */
export class KeyReused extends CounterError {}

/** The first request with this idempotency key has not been decided yet. */
export class KeyInProgress extends CounterError {}
