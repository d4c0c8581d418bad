import type pg from 'pg';
import { Gathered } from '../domain/gathered.js';
import { withClient } from './clients.js';
import { DATABASE, type UnitState, WITHOUT_WAITING } from './guard-state.js';

/** What one instance writes of one unit, or of all of them together: see `GuardRow`, whose row is of the whole. */
export interface UnitRow {
  /** A blind period begins. @throws StoreFailure */
  register(): Promise<void>;
  /** @returns false where there is no such unit any more @throws StoreFailure */
  renew(): Promise<boolean>;
  /** @throws StoreFailure */
  vouch(state: Pick<UnitState, 'period'>, database: string): Promise<void>;
  /** @returns false where another epoch has begun @throws StoreFailure */
  nameRedis(redis: string, rank: number, epoch: string): Promise<boolean>;
  /** @returns false where another epoch has begun @throws StoreFailure */
  settle(epoch: string): Promise<boolean>;
}

/**
 * Changes are numbered, so that who reads asks for the latest alone. The number is taken under the lock of the row of the
 * whole, and kept until the change is committed: whoever sees a number sees every change before it.
 */
const turnWhere = (condition: string): string =>
  `WITH turn AS (UPDATE cache_guard SET unit_changes = unit_changes + 1 WHERE ${condition} RETURNING unit_changes)`;
const TURN = turnWhere('true');

const REGISTER = `${TURN}
  UPDATE cache_units SET epoch = epoch + 1, blind_periods = blind_periods + 1, change = unit_changes
  FROM turn, unnest($1::smallint[]) AS seen(number) WHERE unit = number
  RETURNING unit`;

const RENEW = `${TURN}
  UPDATE cache_units SET blind_periods = blind_periods + 1, change = unit_changes
  FROM turn, unnest($1::smallint[]) AS seen(number) WHERE unit = number
  RETURNING unit`;

const VOUCH = `${turnWhere(WITHOUT_WAITING)}
  UPDATE cache_units SET quiet = concat_ws('/', $3::text, blind_periods), change = unit_changes
  FROM turn, unnest($1::smallint[], $2::text[]) AS seen(number, period)
  WHERE unit = number AND blind_periods::text = period AND ${DATABASE} = $3
    AND quiet IS DISTINCT FROM concat_ws('/', $3::text, blind_periods)
  RETURNING unit`;

const NAME = `${TURN}
  UPDATE cache_units SET settled = redis IS NULL, redis = place, redis_rank = rank, epoch = epoch + 1, change = unit_changes
  FROM turn, unnest($1::smallint[], $2::text[], $3::bigint[], $4::bigint[]) AS seen(number, place, rank, known)
  WHERE unit = number AND epoch = known
  RETURNING unit`;

const SETTLE = `${TURN}
  UPDATE cache_units SET settled = true, change = unit_changes
  FROM turn, unnest($1::smallint[], $2::bigint[]) AS seen(number, known)
  WHERE unit = number AND epoch = known
  RETURNING unit`;

interface Named {
  readonly unit: number;
  readonly redis: string;
  readonly rank: number;
  readonly epoch: string;
}

const unitsOf = (queries: readonly { readonly unit: number }[]): number[] => queries.map(({ unit }) => unit);

/**
 * The rows of the units of a cluster. What many units need at once is written by one statement, which tells of each whether
 * anything was changed.
 */
export class UnitRows {
  private readonly registers = new Gathered<{ unit: number }, boolean>((queries) =>
    this.write('guard-units-register', REGISTER, queries, []),
  );
  private readonly renewals = new Gathered<{ unit: number }, boolean>((queries) =>
    this.write('guard-units-renew', RENEW, queries, []),
  );
  private readonly names = new Gathered<Named, boolean>((queries) =>
    this.write('guard-units-name', NAME, queries, [
      queries.map(({ redis }) => redis),
      queries.map(({ rank }) => rank),
      queries.map(({ epoch }) => epoch),
    ]),
  );
  private readonly settles = new Gathered<{ unit: number; epoch: string }, boolean>((queries) =>
    this.write('guard-units-settle', SETTLE, queries, [queries.map(({ epoch }) => epoch)]),
  );
  private readonly vouches = new Gathered<{ unit: number; period: string; database: string }, boolean>((queries) =>
    this.write('guard-units-vouch', VOUCH, queries, [
      queries.map(({ period }) => period),
      // They were read by one statement.
      queries[0]?.database ?? '',
    ]),
  );

  constructor(private readonly pool: pg.Pool) {}

  of(unit: number): UnitRow {
    return {
      register: async () => {
        if (!(await this.registers.ask({ unit }))) throw new Error(`the row of unit ${unit} of the cache is missing`);
      },
      renew: () => this.renewals.ask({ unit }),
      vouch: async ({ period }, database) => {
        await this.vouches.ask({ unit, period, database });
      },
      nameRedis: (redis, rank, epoch) => this.names.ask({ unit, redis, rank, epoch }),
      settle: (epoch) => this.settles.ask({ unit, epoch }),
    };
  }

  private async write(
    name: string,
    text: string,
    queries: readonly { readonly unit: number }[],
    more: readonly unknown[],
  ): Promise<readonly boolean[]> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ unit: number }>({ name, text, values: [unitsOf(queries), ...more] }),
    );
    const changed = new Set(rows.map(({ unit }) => unit));
    return queries.map(({ unit }) => changed.has(unit));
  }
}
