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
/** Or cancelled by hand. */
const STATEMENT_TIMEOUT = '57014';
const UNIQUE_VIOLATION = '23505';

/** Classes whose errors end the session or the server: connection, resources, operator, system, internal. */
const SESSION_ENDING = new Set(['08', '53', '57', '58', 'XX']);

/** Classifies what pg threw for a statement that was sent. */
export function failureOf(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error;
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return new StoreFailure('unknown', error);
  if (PASSING.has(error.code)) return new StoreFailure('rolled_back', error);
  if (error.code === UNIQUE_VIOLATION) return new StoreFailure('conflict', error, error.constraint ?? null);
  // 25P03: the transaction sat idle too long and its session was ended, which rolled it back; the resend finds out.
  if (SESSION_ENDING.has(error.code.slice(0, 2)) || error.code === '25P03') return new StoreFailure('unknown', error);
  return new StoreFailure('rejected', error);
}

/** Whether a statement took longer than it may. */
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
 * @throws StoreFailure
 */
export async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
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
    client.release();
    return result;
  } catch (error) {
    const failure = failureOf(error);
    client.release(failure.fate === 'unknown');
    throw failure;
  } finally {
    replication.end();
  }
}

/**
 * A commit whose wait for the synchronous standby was cancelled is reported as a success with a warning; it is on
 * this server only, and would be lost with it.
 */
class ReplicationWatch {
  private warning: string | null = null;

  private readonly listener = (notice: { code?: string | undefined; message?: string | undefined }): void => {
    if (notice.code === '01000' && notice.message?.includes('synchronous replication')) this.warning = notice.message;
  };

  constructor(private readonly client: pg.PoolClient) {
    client.on('notice', this.listener);
  }

  check(): void {
    if (this.warning !== null) throw new StoreFailure('unknown', new Error(this.warning));
  }

  end(): void {
    this.client.removeListener('notice', this.listener);
  }
}
