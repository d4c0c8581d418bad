import type pg from 'pg';
import { StoreFailure, withClient } from './failure.js';

/** What the guard's row and the server say at one moment. */
export interface GuardState {
  readonly epoch: string;
  /** Whether a blind period is running. */
  readonly blind: boolean;
  /** The Redis everybody may read; null before the first was named. */
  readonly redis: string | null;
  /** Whether permissions to read the Redis that was named before have surely run out. */
  readonly settled: boolean;
  /** Which data this is: a restored, truncated or restarted database has another identity. */
  readonly database: string;
  /** Whether a new session may only read. */
  readonly readOnly: boolean;
}

interface GuardStateRow {
  readonly epoch: string;
  readonly blind: boolean;
  readonly redis: string | null;
  readonly settled: boolean;
  readonly database: string;
  readonly readOnly: boolean;
}

/** Times are the server's `clock_timestamp()`: `now()` would be the start of the statement, before a lock was had. */
const STATE = `epoch, blind_until > clock_timestamp() AS blind, redis, settled,
  concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
                 (SELECT oid FROM pg_database WHERE datname = current_database()),
                 pg_relation_filenode('counters'),
                 extract(epoch FROM pg_postmaster_start_time())) AS database,
  current_setting('transaction_read_only') = 'on' AS "readOnly"`;

/** A permission lasts a second: an answer that takes longer is worth nothing, and the guard must go on asking Redis. */
const POLL_TIMEOUT_MS = 600;

/** The row on which all instances agree whether entries may be read. Has a connection of its own. */
export class GuardRow {
  private polling = false;
  private database: string | null = null;

  /** @param leave told when another database is found than before: a failover, a restart, a restored backup */
  constructor(
    private readonly pool: pg.Pool,
    private readonly leave: () => void = () => undefined,
  ) {}

  /** @throws StoreFailure */
  async read(): Promise<GuardState> {
    return this.one('guard-read', `SELECT ${STATE} FROM cache_guard`, []);
  }

  /**
   * The same, settled within 600 ms. What takes longer is left to go on: on a busy machine a connection and its first
   * statement are the slowest, and who gave them up would begin with them anew, for ever.
   *
   * @throws StoreFailure
   */
  async poll(): Promise<GuardState> {
    if (this.polling) throw new StoreFailure('not_sent', new Error('the poll before is not answered yet'));
    this.polling = true;
    const answer = this.read().finally(() => (this.polling = false));
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StoreFailure('unknown', new Error('not answered in time'))), POLL_TIMEOUT_MS);
    });
    return Promise.race([answer, tooLate]).finally(() => clearTimeout(timer));
  }

  /**
   * Begins a new epoch and a blind period of `blindMs`, or prolongs the running one.
   *
   * @throws StoreFailure
   */
  async register(blindMs: number): Promise<GuardState> {
    return this.one(
      'guard-register',
      `UPDATE cache_guard
       SET epoch = epoch + 1,
           blind_until = greatest(blind_until, clock_timestamp() + make_interval(secs => $1::float8 / 1000))
       RETURNING ${STATE}`,
      [blindMs],
    );
  }

  /**
   * Prolongs the blind period, if it still runs.
   *
   * @returns whether it did
   * @throws StoreFailure
   */
  async renew(blindMs: number): Promise<boolean> {
    return this.changes(
      'guard-renew',
      `UPDATE cache_guard
       SET blind_until = greatest(blind_until, clock_timestamp() + make_interval(secs => $1::float8 / 1000))
       WHERE blind_until > clock_timestamp()`,
      [blindMs],
    );
  }

  /**
   * Names the Redis everybody may read from now on and begins a new epoch, unless another epoch began meanwhile. The
   * name is not settled yet, unless it is the first.
   *
   * @returns whether it did
   * @throws StoreFailure
   */
  async nameRedis(redis: string, epoch: string): Promise<boolean> {
    return this.changes(
      'guard-name',
      'UPDATE cache_guard SET settled = redis IS NULL, redis = $1, epoch = epoch + 1 WHERE epoch = $2',
      [redis, epoch],
    );
  }

  /**
   * Settles the name of the Redis, if the epoch is still the same. For whoever saw the name unsettled, and then waited
   * until no permission given before could be left.
   *
   * @throws StoreFailure
   */
  async settle(epoch: string): Promise<boolean> {
    return this.changes('guard-settle', 'UPDATE cache_guard SET settled = true WHERE epoch = $1', [epoch]);
  }

  private async changes(name: string, text: string, values: unknown[]): Promise<boolean> {
    return withClient(this.pool, async (client) => {
      const { rowCount } = await client.query({ name, text, values });
      return rowCount === 1;
    });
  }

  private async one(name: string, text: string, values: unknown[]): Promise<GuardState> {
    const found = await withClient(
      this.pool,
      async (client) => {
        const { rows } = await client.query<GuardStateRow>({ name, text, values });
        const [state] = rows;
        if (state === undefined) throw new Error('the row of the cache guard is missing');
        return state;
        // A session keeps the default it began with; whether it is still so, a new one tells.
      },
      ({ readOnly }) => readOnly,
    );
    const isOther = this.database !== null && found.database !== this.database;
    this.database = found.database;
    if (isOther) this.leave();
    return found;
  }
}
