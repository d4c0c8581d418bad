import pg from 'pg';

/**
 * What a failed statement did to the truth.
 *
 * - `not_sent`: no connection could be had; nothing was written.
 * - `rolled_back`: Postgres said so, for a reason that may be gone at the next try.
 * - `rejected`: Postgres rolled it back because of what was asked; the same again would fail again.
 * - `conflict`: rolled back, because a unique key was taken first by somebody else.
 * - `unknown`: the answer was lost; the statement may have been committed, may still run, or never began.
 */
export type Fate = 'not_sent' | 'rolled_back' | 'rejected' | 'conflict' | 'unknown';

/** What every call on the store throws where Postgres did not do it; at the call stands only what is more. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';

  /** @param constraint the violated constraint of a `conflict` */
  constructor(
    readonly fate: Fate,
    override readonly cause: unknown,
    readonly constraint: string | null = null,
  ) {
    super(`${fate}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Serialization failure, deadlock, lock timeout, statement timeout or cancellation: gone at the next try. */
const PASSING = new Set(['40001', '40P01', '55P03', '57014']);

const LOCK_TIMEOUT = '55P03';
const STATEMENT_TIMEOUT = '57014';
const UNIQUE_VIOLATION = '23505';

/** Classes whose errors end the session or the server: connection, resources, operator, system, internal. */
const SESSION_ENDING = new Set(['08', '53', '57', '58', 'XX']);

/** Of those, the ones that leave the server running where they are no more than an error: a full disk, no memory. */
const SHORTAGES = new Set(['53', '58']);

/**
 * Postgres does not do this now, whoever asks: by class, the transaction may not write, or the statement that was
 * prepared is another session's; by code, rights or tables are missing. Nothing is written, and it is not the client's
 * doing.
 */
const REFUSED_CLASSES = new Set(['25', '26', '3F']);
const REFUSED = new Set(['42501', '42P01', '42703', '42P05']);

/** The transaction sat idle, or went on, for too long: the session was ended, and the resend finds out. */
const TRANSACTION_ENDED = new Set(['25P03', '25P04']);

/** Whether an error is a fault of this program, and no server's. */
export function isOwnFault(error: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

/**
 * Classifies what pg threw for a statement that was sent.
 *
 * @throws whatever is a fault of this program
 */
export function failureOf(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error;
  if (isOwnFault(error)) throw error;
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return new StoreFailure('unknown', error);
  if (PASSING.has(error.code)) return new StoreFailure('rolled_back', error);
  if (error.code === UNIQUE_VIOLATION) return new StoreFailure('conflict', error, error.constraint ?? null);
  if (isRefusal(error)) return new StoreFailure('rolled_back', error);
  if (SESSION_ENDING.has(error.code.slice(0, 2)) || TRANSACTION_ENDED.has(error.code)) {
    return new StoreFailure('unknown', error);
  }
  return new StoreFailure('rejected', error);
}

function isRefusal(error: pg.DatabaseError): boolean {
  const { code = '', severity } = error;
  const kind = code.slice(0, 2);
  // In another language than English the word is another one: then the fate counts as unknown, and is found out.
  if (SHORTAGES.has(kind)) return severity === 'ERROR';
  return (REFUSED_CLASSES.has(kind) && !TRANSACTION_ENDED.has(code)) || REFUSED.has(code);
}

/** The SQLSTATE by which Postgres told that it does not do this for anybody; null where it did not. */
export function refusalOf({ cause }: StoreFailure): string | null {
  if (!(cause instanceof pg.DatabaseError) || cause.code === undefined) return null;
  return isRefusal(cause) || SHORTAGES.has(cause.code.slice(0, 2)) ? cause.code : null;
}

/** What the pool of pg says where all of its connections were in use for too long; a connection that fails says more. */
const POOL_BUSY = 'timeout exceeded when trying to connect';

/**
 * Whether Postgres could not be reached: no connection could be made, or one was lost under a statement. Not so where
 * it was only busy: whoever keeps it so must not pass for an outage.
 */
export function isOutage({ fate, cause }: StoreFailure): boolean {
  return fate === 'unknown' || (fate === 'not_sent' && !(cause instanceof Error && cause.message === POOL_BUSY));
}

/** Whether a statement took longer than it may, or was cancelled by hand. */
export function isStatementTimeout(failure: StoreFailure): boolean {
  return failure.cause instanceof pg.DatabaseError && failure.cause.code === STATEMENT_TIMEOUT;
}

/** Whether a statement gave up waiting for a lock. */
export function isLockTimeout(failure: StoreFailure): boolean {
  return failure.cause instanceof pg.DatabaseError && failure.cause.code === LOCK_TIMEOUT;
}
