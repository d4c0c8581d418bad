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
function isOwnFault(error: unknown): boolean {
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

/**
 * Runs `work` on a connection of the pool, and gives a connection whose state is not known back to be destroyed.
 *
 * @param isSpent whether it is to be destroyed although all went well
 */
export async function withClient<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  isSpent: (result: T) => boolean = () => false,
): Promise<T> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw new StoreFailure('not_sent', error);
  }
  const replication = new ReplicationWatch(client);
  try {
    const result = await work(client);
    replication.check();
    client.release(isSpent(result));
    return result;
  } catch (error) {
    const failure = isOwnFault(error) ? error : failureOf(error);
    // A session that was refused may be one from before the refusal's cause was mended: the next one is new.
    client.release(!(failure instanceof StoreFailure) || failure.fate === 'unknown' || refusalOf(failure) !== null);
    throw failure;
  } finally {
    replication.end();
  }
}

/**
 * A session that was ended while it sat idle is found broken by the next statement, at once; whoever waited longer than
 * this was no such one, and a second try would come too late for it. In milliseconds.
 */
const FOUND_BROKEN_WITHIN_MS = 300;

/**
 * Runs `read`, which only reads, on a connection of the pool; once more on another one where the first proves to have
 * been ended. Somebody restarted a pooler, or ended sessions: no reader has to hear of it.
 */
export async function withReader<T>(pool: pg.Pool, read: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  try {
    return await withClient(pool, read);
  } catch (error) {
    const isBroken = error instanceof StoreFailure && error.fate === 'unknown';
    if (!isBroken || performance.now() - startedAtMs > FOUND_BROKEN_WITHIN_MS) throw error;
    return withClient(pool, read);
  }
}

/** Where Postgres waits for a standby: by this name it is known in every language. */
const WAIT_FOR_STANDBY = 'SyncRepWaitForLSN';

/** What Postgres says beside its answers, as far as it matters here. */
export interface Notice {
  readonly code?: string | undefined;
  readonly routine?: string | undefined;
  readonly message?: string | undefined;
}

/** Whether a commit is told as a success although it did not wait for the standby to the end. */
function endedWaitForStandby({ code, routine }: Notice): boolean {
  return code?.startsWith('01') === true && routine === WAIT_FOR_STANDBY;
}

/**
 * A commit whose wait for the synchronous standby was cancelled is reported as a success with a warning; it is on
 * this server only, and would be lost with it.
 */
class ReplicationWatch {
  private warning: string | null = null;

  private readonly listener = (notice: Notice): void => {
    if (endedWaitForStandby(notice)) this.warning = notice.message ?? WAIT_FOR_STANDBY;
  };

  constructor(private readonly client: pg.PoolClient) {
    client.on('notice', this.listener);
  }

  /** @throws StoreFailure `unknown` where a commit was cut short so */
  check(): void {
    if (this.warning !== null) throw new StoreFailure('unknown', new Error(this.warning));
  }

  /** The client goes back to its pool, and must not be listened to any more. */
  end(): void {
    this.client.removeListener('notice', this.listener);
  }
}
