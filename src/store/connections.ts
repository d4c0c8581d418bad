import { ok } from 'node:assert/strict';
import pg from 'pg';
import type { DatabaseSettings } from '../config/config.js';
import { beginSession, type SessionSettings, settle } from './session-check.js';
import { FIND_TIMEOUT_MS } from './primary-finder.js';
import { routeOf } from './route.js';
import { type BeginSession, beginShared } from './shared-session.js';

/** Longer than any commit takes in health, shorter than a client waits; then the server gives up. */
const STATEMENT_TIMEOUT_MS: number = 1_400;

/** Above the server's own limit, so that it fires only when the server does not answer at all. */
const QUERY_TIMEOUT_MS: number = 1_800;

/** Others hold a row for a commit's time; above the idle limit, so that a frozen holder is ended first. */
export const LOCK_TIMEOUT_MS: number = 1_200;

/** A process frozen between two statements of a transaction holds row locks for no longer than this. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS: number = 1_000;

/** Waiting for a connection, a new one included: far longer than one takes, for a Postgres that hangs takes all of it. */
const CONNECT_TIMEOUT_MS = 800;
if (CONNECT_TIMEOUT_MS < 2 * FIND_TIMEOUT_MS) throw new RangeError('no time is left once a primary was found');

/** Time before the kernel probes a silent connection. */
const KEEP_ALIVE_DELAY_MS = 5_000;

ok(IDLE_IN_TRANSACTION_TIMEOUT_MS < LOCK_TIMEOUT_MS, 'a frozen holder of a row is ended before others give it up');
ok(LOCK_TIMEOUT_MS < STATEMENT_TIMEOUT_MS, 'who waits for a row is told so, and not that the statement took too long');
ok(STATEMENT_TIMEOUT_MS < QUERY_TIMEOUT_MS, 'the server gives up first: what it says is known');

/** How long a session may take for what, milliseconds; 0: as long as it does. */
export interface Limits {
  readonly statement_timeout: number;
  readonly lock_timeout: number;
  readonly idle_in_transaction_session_timeout: number;
  /** On our side, where the server does not answer. */
  readonly query_timeout: number;
  readonly connectionTimeoutMillis: number;
}

/** Of every session, unless it is told otherwise. */
export const LIMITS: Limits = {
  statement_timeout: STATEMENT_TIMEOUT_MS,
  lock_timeout: LOCK_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  query_timeout: QUERY_TIMEOUT_MS,
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
};

/** Those that the server keeps. */
function ofTheServer(limits: Limits): SessionSettings {
  const { statement_timeout, lock_timeout, idle_in_transaction_session_timeout } = limits;
  return { statement_timeout, lock_timeout, idle_in_transaction_session_timeout };
}

/** Parameters that pg takes from a URL in place of ours, and under which the service would wait or read otherwise. */
const OURS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
  'binary',
  'replication',
];

function withoutOurs(url: string): string {
  const [path = '', query] = url.split(/\?(.*)/s, 2);
  if (query === undefined) return url;
  const rest = query.split('&').filter((parameter) => !OURS.includes(parameter.split('=', 1)[0] ?? ''));
  return rest.length === 0 ? path : `${path}?${rest.join('&')}`;
}

/**
 * What pg is told of a connection. Its `options` are the URL's own; what the service needs is set afterwards, and wins.
 *
 * @param limits those that differ from every session's
 * @param settings further ones of each session
 * @param begin `settle` for whoever looks at a server that the service would refuse
 */
export function connectionConfig(
  url: string,
  limits: Partial<Limits> = {},
  settings: SessionSettings = {},
  begin: typeof beginSession = beginSession,
) {
  const { connectionString, Client } = routeOf(url);
  const all = { ...LIMITS, ...limits };
  const { query_timeout, connectionTimeoutMillis } = all;
  return {
    connectionString: withoutOurs(connectionString),
    Client,
    application_name: 'evercount',
    query_timeout,
    connectionTimeoutMillis,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    onConnect: (client: pg.ClientBase) => begin(client, { ...ofTheServer(all), ...settings }),
  } satisfies pg.PoolConfig;
}

/** `2026-01-01 00:00:00.123456`, and how far its zone is ahead: of a session in any zone, as long as it writes ISO. */
const TIME = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?([+-]\d\d)(:\d\d)?(:\d\d)?$/;

/** A time as Postgres writes it, to RFC 3339 in UTC with milliseconds. */
export function isoOf(text: string): string {
  const [, day, time, fraction = '', hours = '', minutes = ':00', seconds] = TIME.exec(text) ?? [];
  if (day === undefined || seconds !== undefined) throw new Error(`Postgres wrote a time that is not read: ${text}`);
  const ms = fraction.slice(0, 3).padEnd(3, '0');
  if (hours === '+00' && minutes === ':00') return `${day}T${time}.${ms}Z`;
  return new Date(`${day}T${time}.${ms}${hours}${minutes}`).toISOString();
}

/**
 * Like pg's own, but times as RFC 3339 text: a Date would only be printed again. Statements that run often write them
 * so themselves (`utc`). bigint stays text.
 */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format): unknown =>
    oid === pg.types.builtins.TIMESTAMPTZ ? isoOf : pg.types.getTypeParser(oid, format),
};

/**
 * Most pools' statements look rows up by key, and there is one way to run them. So each is planned once: left to itself,
 * Postgres plans a batch of one counter anew each time, since it knows its length then and takes that for cheaper. A plan
 * that was made while a table was still empty would go on scanning it while it grows; so none scans.
 */
const BY_INDEX: SessionSettings = { enable_seqscan: 'off', plan_cache_mode: 'force_generic_plan' };

/** How the connections of one instance are shared out; separate, so that a storm on one never starves another. */
export interface Shares {
  readonly guard: number;
  readonly commits: number;
  readonly decisions: number;
  readonly access: number;
  readonly fills: number;
  readonly general: number;
}

/**
 * @param poolSize all connections together
 * @param lanes of increments: each has a connection, so that none waits for another; at most `poolSize` - 5
 */
export function sharesOf({ poolSize, lanes }: Pick<DatabaseSettings, 'poolSize' | 'lanes'>): Shares {
  const left = poolSize - lanes - 3;
  const fills = Math.floor(left / 2);
  ok(fills > 0, 'whatever is read beside the increments has a connection');
  return { guard: 1, commits: lanes, decisions: 1, access: 1, fills, general: left - fills };
}

/**
 * A pool on the primary. Sessions that land on a standby are refused: what they read may be stale.
 *
 * @param connections how many at most
 * @param limits those that differ for this pool; behind a pooler none of the server's do
 * @param pooler that the URL leads to
 */
export function poolOf(
  url: string,
  connections: number,
  limits: Partial<Limits> = {},
  pooler: DatabaseSettings['pooler'] = null,
): pg.Pool {
  return listening({ ...connectionConfig(url, limits, BY_INDEX, beginBehind(pooler)), max: connections });
}

/** The same for statements that look at much of a table, and may scan it: none of them is kept by name. */
export function scanningPoolOf(
  url: string,
  connections: number,
  limits: Partial<Limits>,
  pooler: DatabaseSettings['pooler'],
): pg.Pool {
  return listening({ ...connectionConfig(url, limits, {}, beginBehind(pooler)), max: connections });
}

/** How sessions begin, directly and behind a pooler. */
export function beginBehind(pooler: DatabaseSettings['pooler']): BeginSession {
  return pooler === null ? beginSession : beginShared(ofTheServer(LIMITS));
}

/** A single connection to a server that may be one the service would refuse. */
export function examiningPool(url: string, limits: Partial<Limits>, pooler: DatabaseSettings['pooler']): pg.Pool {
  const begin = pooler === null ? settle : () => Promise.resolve();
  return listening({ ...connectionConfig(url, limits, {}, begin), max: 1 });
}

function listening(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ ...config, idleTimeoutMillis: 0, types: TYPES });
  // A connection that breaks fails the query on it, or is replaced at the next use; without listeners, idle or
  // checked out, it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
