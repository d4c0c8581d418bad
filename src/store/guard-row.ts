import type pg from 'pg';
import { StoreFailure, withClient } from './failure.js';

/** L: how long a blind period is registered, and renewed. */
export const BLIND_MS = 3_000;

/** What the guard's row and the server say at one moment. */
export interface GuardState {
  readonly epoch: string;
  /** The Redis everybody may read; null before the first was named. */
  readonly redis: string | null;
  /** Of the election by which it was named, where Sentinel elects; else 0. */
  readonly rank: number;
  /** Whether permissions to read the Redis that was named before have surely run out. */
  readonly settled: boolean;
  /** Which data this is: a restored, truncated or restarted database has another identity, and so has a standby. */
  readonly database: string;
  /** Whether a new session may only read. */
  readonly readOnly: boolean;
  /** Another one after each registration and renewal of a blind period. */
  readonly period: string;
  /** Whether some instance waited until this period, of this database, was surely over. */
  readonly vouched: boolean;
  /** Whether the period ends later than any that is registered now: the server's clock was set back. */
  readonly overlong: boolean;
  /** The server's clock, milliseconds since 1970. */
  readonly nowMs: number;
}

/** Which data this is. */
const DATABASE = `concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
  (SELECT oid FROM pg_database WHERE datname = current_database()),
  pg_relation_filenode('counters'),
  extract(epoch FROM pg_postmaster_start_time()))`;

/** Which blind period was registered or renewed last: by this version, which counts, or by the one before. */
const PERIOD = `concat_ws('@', blind_periods, extract(epoch FROM blind_until))`;

/** What `quiet` holds where somebody vouches for what is there now. */
export const QUIET_NOW = `concat_ws('/', ${DATABASE}, ${PERIOD})`;

/** The end of a period that begins now. `clock_timestamp()`, since `now()` is before the lock on the row was had. */
const END_OF_PERIOD = `clock_timestamp() + interval '${BLIND_MS} ms'`;

const READ = `
  SELECT epoch, redis, redis_rank::float8 AS rank, settled, database, period, quiet IS NOT DISTINCT FROM concat_ws('/', database, period) AS vouched,
         blind_until > ${END_OF_PERIOD} AS overlong, current_setting('transaction_read_only') = 'on' AS "readOnly",
         extract(epoch FROM clock_timestamp())::float8 * 1000 AS "nowMs"
  FROM cache_guard, (SELECT ${DATABASE} AS database) AS here, LATERAL (SELECT ${PERIOD} AS period) AS seen`;

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

  async read(): Promise<GuardState> {
    const found = await withClient(
      this.pool,
      async (client) => {
        const { rows } = await client.query<GuardState>({ name: 'guard-read', text: READ });
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

  /**
   * The same, settled within 600 ms. What takes longer is left to go on: on a busy machine a connection and its first
   * statement are the slowest, and who gave them up would begin with them anew, for ever.
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

  /** Begins a new epoch and a blind period, or prolongs the running one. */
  async register(): Promise<void> {
    // What was registered before, by a clock that was ahead then, ends no later in truth.
    await this.changes(
      'guard-register',
      `UPDATE cache_guard
       SET epoch = epoch + 1, blind_periods = blind_periods + 1, blind_until = ${END_OF_PERIOD}`,
    );
  }

  /**
   * Prolongs the blind period, if it still runs by the server's clock: an instance of the version before goes by that.
   *
   * @returns whether it did
   */
  async renew(): Promise<boolean> {
    return this.changes(
      'guard-renew',
      `UPDATE cache_guard SET blind_periods = blind_periods + 1, blind_until = ${END_OF_PERIOD}
       WHERE blind_until > clock_timestamp()`,
    );
  }

  /** Shortens a period that the server's clock, set back, would let run for longer than any is meant to. */
  async shorten(): Promise<void> {
    await this.changes(
      'guard-shorten',
      `UPDATE cache_guard SET blind_periods = blind_periods + 1, blind_until = ${END_OF_PERIOD}
       WHERE blind_until > ${END_OF_PERIOD}`,
    );
  }

  /**
   * Vouches that nobody is blind any more, unless another period began meanwhile, or it is another database. For
   * whoever has seen both for longer than anybody can believe to be blind.
   */
  async vouch({ database, period }: GuardState): Promise<void> {
    await this.changes(
      'guard-vouch',
      `UPDATE cache_guard SET quiet = $1 WHERE ${QUIET_NOW} = $1 AND quiet IS DISTINCT FROM $1`,
      [`${database}/${period}`],
    );
  }

  /**
   * Names the Redis everybody may read from now on and begins a new epoch, unless another epoch began meanwhile. The
   * name is not settled yet, unless it is the first.
   *
   * @param rank of its election, 0 where nobody elects
   * @returns whether it did
   */
  async nameRedis(redis: string, rank: number, epoch: string): Promise<boolean> {
    return this.changes(
      'guard-name',
      `UPDATE cache_guard SET settled = redis IS NULL, redis = $1, redis_rank = $2, epoch = epoch + 1
       WHERE epoch = $3`,
      [redis, rank, epoch],
    );
  }

  /**
   * Settles the name of the Redis, if the epoch is still the same. For whoever saw the name unsettled, and then waited
   * until no permission given before could be left.
   */
  async settle(epoch: string): Promise<boolean> {
    return this.changes('guard-settle', 'UPDATE cache_guard SET settled = true WHERE epoch = $1', [epoch]);
  }

  private async changes(name: string, text: string, values: unknown[] = []): Promise<boolean> {
    return withClient(this.pool, async (client) => {
      const { rowCount } = await client.query({ name, text, values });
      return rowCount === 1;
    });
  }
}
