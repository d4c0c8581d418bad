import pg from 'pg';

/** Longer than any commit takes in health, shorter than a client waits; then the server gives up. */
const STATEMENT_TIMEOUT_MS = 1_400;

/** Above the server's own limit, so that it fires only when the server does not answer at all. */
const QUERY_TIMEOUT_MS = 1_800;

/** Others hold a row for a commit's time; above the idle limit, so that a frozen holder is ended first. */
const LOCK_TIMEOUT_MS = 1_200;

/** A process frozen between two statements of a transaction holds row locks for no longer than this. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 1_000;

/** Waiting for a connection, a new one included: far longer than one takes, for a Postgres that hangs takes all of it. */
const CONNECT_TIMEOUT_MS = 800;

/** Time before the kernel probes a silent connection. */
const KEEP_ALIVE_DELAY_MS = 5_000;

/** Given to every session at connect. */
export const SESSION_OPTIONS = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  query_timeout: QUERY_TIMEOUT_MS,
  lock_timeout: LOCK_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
  // To compile a plan takes longer than any statement here, and the sessions that shun scans would compile each scan.
  options: '-c TimeZone=UTC -c DateStyle=ISO -c default_transaction_isolation=read\\ committed -c jit=off',
} as const;

/** `2026-01-01 00:00:00.5+00`, as sessions in UTC write it, to RFC 3339 with milliseconds; cheaper than by a Date. */
export function isoOf(text: string): string {
  const fraction = text.slice('2026-01-01 00:00:00.'.length, -'+00'.length);
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
}

/** Like pg's own, but times as RFC 3339 text: a Date would only be printed again. bigint stays text. */
export const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format): unknown =>
    oid === pg.types.builtins.TIMESTAMPTZ ? isoOf : pg.types.getTypeParser(oid, format),
};

/**
 * Statements of the pools below look rows up by key. Their plans are kept, and one that was made while a table was still
 * empty would go on scanning it while it grows.
 */
const ALWAYS_BY_INDEX = '-c enable_seqscan=off';

/** How the connections of one instance are shared out; separate, so that a storm on one never starves another. */
export interface Shares {
  readonly guard: number;
  readonly commits: number;
  readonly decisions: number;
  readonly fills: number;
  readonly general: number;
}

/** @param poolSize all connections together, at least 5 */
export function sharesOf(poolSize: number): Shares {
  const left = poolSize - 3;
  const fills = Math.floor(left / 2);
  return { guard: 1, commits: 1, decisions: 1, fills, general: left - fills };
}

/**
 * A pool on the primary. Sessions that land on a standby are refused: what they read may be stale.
 *
 * @param connections how many at most
 * @param overrides timeouts that differ for this pool
 */
export function poolOf(url: string, connections: number, overrides: Partial<pg.PoolConfig> = {}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    idleTimeoutMillis: 0,
    application_name: 'evercount',
    types: TYPES,
    onConnect: (client) => refuseStandby(client),
    ...SESSION_OPTIONS,
    options: `${SESSION_OPTIONS.options} ${ALWAYS_BY_INDEX}`,
    ...overrides,
  });
  // A connection that breaks fails the query on it, or is replaced at the next use; without listeners, idle or
  // checked out, it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

async function refuseStandby(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  if (rows[0]?.standby !== false) throw new Error('this Postgres is a standby');
}
