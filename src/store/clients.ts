import type pg from 'pg';
import { failureOf, isOwnFault, refusalOf, StoreFailure } from './failure.js';

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
  const standby = new StandbyWatch(client);
  try {
    const result = await work(client);
    standby.check();
    client.release(isSpent(result));
    return result;
  } catch (error) {
    const failure = isOwnFault(error) ? error : failureOf(error);
    // A session that was refused may be one from before the refusal's cause was mended: the next one is new.
    client.release(!(failure instanceof StoreFailure) || failure.fate === 'unknown' || refusalOf(failure) !== null);
    throw failure;
  } finally {
    standby.end();
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
class StandbyWatch {
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
