import type pg from 'pg';
import { withClient } from './clients.js';
import { StoreFailure } from './failure.js';
import { DATABASE, type UnitState, WITHOUT_WAITING } from './guard-state.js';
import { type UnitRow, UnitRows } from './unit-rows.js';

/** L: how long a blind period is registered, and renewed. */
export const BLIND_MS = 3_000;

/** What the guard's row and the server say at one moment. */
export interface GuardState extends UnitState {
  /** Which data this is: a restored, truncated or restarted database has another identity, and so has a standby. */
  readonly database: string;
  /** Whether a new session may only read. */
  readonly readOnly: boolean;
  /** Whether the period ends later than any that is registered now: the server's clock was set back. */
  readonly overlong: boolean;
  /** The server's clock, milliseconds since 1970. */
  readonly nowMs: number;
}

/** Of a cluster too. */
export interface UnitsState extends GuardState {
  /** By the number of the unit. */
  readonly units: readonly UnitState[];
}

/** Which blind period was registered or renewed last: by this version, which counts, or by the one before. */
const PERIOD = `concat_ws('@', blind_periods, extract(epoch FROM blind_until))`;

/** What `quiet` holds where somebody vouches for what is there now. */
export const QUIET_NOW = `concat_ws('/', ${DATABASE}, ${PERIOD})`;

/** The end of a period that begins now. `clock_timestamp()`, since `now()` is before the lock on the row was had. */
const END_OF_PERIOD = `clock_timestamp() + interval '${BLIND_MS} ms'`;

const SEEN = `epoch, redis, redis_rank::float8 AS rank, settled, database, period,
         quiet IS NOT DISTINCT FROM concat_ws('/', database, period) AS vouched,
         blind_until > ${END_OF_PERIOD} AS overlong, current_setting('transaction_read_only') = 'on' AS "readOnly",
         extract(epoch FROM clock_timestamp())::float8 * 1000 AS "nowMs"`;
const ROW = `cache_guard, (SELECT ${DATABASE} AS database) AS here, LATERAL (SELECT ${PERIOD} AS period) AS seen`;

const READ = `SELECT ${SEEN} FROM ${ROW}`;

/** And the units that were changed after $1. */
const READ_UNITS = `
  SELECT ${SEEN}, unit_changes::float8 AS "unitChanges",
         (SELECT json_agg(json_build_object('unit', unit, 'epoch', epoch::text, 'redis', redis, 'rank', redis_rank,
                                            'settled', settled, 'period', blind_periods::text,
                                            'vouched', quiet IS NOT DISTINCT FROM concat_ws('/', database, blind_periods)))
          FROM (SELECT * FROM cache_units WHERE change > $1::bigint) AS changed) AS changed
  FROM ${ROW}`;

/** Before the first change. */
const ALL_UNITS = -1;

interface UnitsRead extends GuardState {
  readonly unitChanges: number;
  readonly changed: readonly (UnitState & { readonly unit: number })[] | null;
}

/** A permission lasts a second: an answer that takes longer is worth nothing, and the guard must go on asking Redis. */
const POLL_TIMEOUT_MS = 600;

/** The row on which all instances agree whether entries may be read. Has a connection of its own. */
export class GuardRow implements UnitRow {
  private polling = false;
  private database: string | null = null;
  private unitRows: UnitRows | null = null;
  private knownUnits: readonly UnitState[] = [];
  private knownChanges = ALL_UNITS;
  private unitsOf: string | null = null;

  /** @param leave told when another database is found than before: a failover, a restart, a restored backup */
  constructor(
    private readonly pool: pg.Pool,
    private readonly leave: () => void = () => undefined,
  ) {}

  /** The rows of the units, where the cache is a cluster. */
  get units(): UnitRows {
    this.unitRows ??= new UnitRows(this.pool);
    return this.unitRows;
  }

  /** The row as it is, without the units. */
  read(): Promise<GuardState> {
    return this.look<GuardState>({ name: 'guard-read', text: READ });
  }

  /** The same, and the rows of the units. */
  async readUnits(): Promise<UnitsState> {
    let found = await this.lookAtUnits(this.knownChanges);
    // What was read before is of another database, or of a later state of this one.
    const isOther = found.database !== this.unitsOf || found.unitChanges < this.knownChanges;
    if (isOther && this.knownChanges !== ALL_UNITS) found = await this.lookAtUnits(ALL_UNITS);
    const units = isOther ? [] : [...this.knownUnits];
    for (const { unit, ...state } of found.changed ?? []) units[unit] = state;
    this.knownUnits = units;
    this.knownChanges = found.unitChanges;
    this.unitsOf = found.database;
    return { ...found, units };
  }

  /**
   * As `read` and `readUnits`, settled within 600 ms. What takes longer is left to go on: on a busy machine a connection
   * and its first statement are the slowest, and who gave them up would begin with them anew, for ever.
   */
  poll(): Promise<GuardState> {
    return this.once(() => this.read());
  }

  /** As `poll`, with the units. */
  pollUnits(): Promise<UnitsState> {
    return this.once(() => this.readUnits());
  }

  private async once<T>(read: () => Promise<T>): Promise<T> {
    if (this.polling) throw new StoreFailure('not_sent', new Error('the poll before is not answered yet'));
    this.polling = true;
    const answer = read().finally(() => (this.polling = false));
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StoreFailure('unknown', new Error('not answered in time'))), POLL_TIMEOUT_MS);
    });
    return Promise.race([answer, tooLate]).finally(() => clearTimeout(timer));
  }

  private lookAtUnits(after: number): Promise<UnitsRead> {
    return this.look<UnitsRead>({ name: 'guard-read-units', text: READ_UNITS, values: [after] });
  }

  private async look<T extends GuardState>(query: pg.QueryConfig): Promise<T> {
    const found = await withClient(
      this.pool,
      async (client) => {
        const { rows } = await client.query<T>(query);
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

  /** Shortens a period that the server's clock, set back, would let run for longer than any is meant to; or the next try does. */
  async shorten(): Promise<void> {
    await this.changes(
      'guard-shorten',
      `UPDATE cache_guard SET blind_periods = blind_periods + 1, blind_until = ${END_OF_PERIOD}
       WHERE blind_until > ${END_OF_PERIOD} AND ${WITHOUT_WAITING}`,
    );
  }

  /**
   * Vouches that nobody is blind any more, unless another period began meanwhile, or it is another database. For
   * whoever has seen both for longer than anybody can believe to be blind. Where the row is held, the next try does: no
   * poll is held up for what is only a favour to others.
   */
  async vouch({ period }: Pick<UnitState, 'period'>, database: string): Promise<void> {
    await this.changes(
      'guard-vouch',
      `UPDATE cache_guard SET quiet = $1
       WHERE ${QUIET_NOW} = $1 AND quiet IS DISTINCT FROM $1 AND ${WITHOUT_WAITING}`,
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
