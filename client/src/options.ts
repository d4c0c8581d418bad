import { checkedKey, checkedName, type Expiry } from './counter.js';
import type { Signal } from './platform.js';
import type { RetryOptions } from './retry.js';
import type { TransportOptions } from './transport.js';

export interface EvercountOptions extends TransportOptions {
  /** For one try, milliseconds. Default 5000. */
  readonly timeoutMs?: number;
  /** How long to try again; false: never. */
  readonly retry?: RetryOptions | false;
  /** How long an increment waits for others to share its call, milliseconds. Default 2; 0: not at all. */
  readonly gatherMs?: number;
}

export interface CallOptions {
  /** Ends the call: with OutcomeUnknown when a write was already sent, else with Aborted. */
  readonly signal?: Signal;
}

export interface ReadOptions extends CallOptions {
  /** `strong` reads the database itself. */
  readonly consistency?: 'strong';
}

export interface ListOptions extends CallOptions {
  readonly prefix?: string;
  /** Counters per call, 1 to 1000. Default 1000. */
  readonly pageSize?: number;
}

export interface HistoryOptions extends CallOptions {
  /** Default: as much as a chart mostly shows. */
  readonly from?: Date | string;
  /** Default: now. */
  readonly to?: Date | string;
  /** In place of `from` and `to`. */
  readonly over?: Over;
  /** Weeks begin on Mondays. Default: `hour`, or what suits `over`. */
  readonly interval?: 'minute' | 'hour' | 'day' | 'week' | 'month';
  /** Where days, weeks and months begin: a time zone of IANA. Default `UTC`. */
  readonly tz?: string;
}

/** A period that has a name, or a length that ends now: `24h`, `7d`, `P30D`. */
export type Over =
  'today' | 'yesterday' | 'thisWeek' | 'thisMonth' | `${number}${'m' | 'h' | 'd' | 'w'}` | `P${string}`;

export interface SummaryOptions extends CallOptions {
  readonly prefix?: string;
  /** A length that ends now, such as `24h` or `P30D`, or `today`, `yesterday`, `thisWeek`, `thisMonth`. */
  readonly over?: string;
  /** Where days, weeks and months begin: a time zone of IANA. Default `UTC`. */
  readonly tz?: string;
}

export interface TopOptions extends SummaryOptions {
  /** Default `value`. */
  readonly by?: 'value' | 'change';
  /** The period of the change. Default `24h`. */
  readonly over?: Over;
  /** Where days, weeks and months begin: a time zone of IANA. Default `UTC`. */
  readonly tz?: string;
  /** 1 to 100. Default 10. */
  readonly limit?: number;
}

export interface WriteOptions extends CallOptions {
  /** Default: a new one for each call. Give that of an OutcomeUnknown to settle it, or your own to outlast a restart. */
  readonly idempotencyKey?: string;
}

export interface IncrementOptions extends WriteOptions, Expiry {}

export interface ManyOptions extends WriteOptions {
  /** All or nothing. Default false. */
  readonly atomic?: boolean;
}

export interface ConditionalOptions extends WriteOptions {
  /** Only while the counter has this version, or with `*` while it exists. */
  readonly ifMatch?: number | '*';
  /** Only while there is no such counter. */
  readonly ifNoneMatch?: '*';
}

export interface ResetOptions extends ConditionalOptions, Expiry {}

export interface SetOptions extends ConditionalOptions, Expiry {
  /** Null removes the bound; left out, it stays. */
  readonly min?: number | null;
  /** Null removes the bound; left out, it stays. */
  readonly max?: number | null;
}

/** The key of a write, the same at every try. @throws InvalidRequest */
export function keyOf({ idempotencyKey }: WriteOptions): string {
  return idempotencyKey === undefined ? crypto.randomUUID() : checkedKey(idempotencyKey);
}

/** The query of a call, '' where nothing is asked; what is left out is left to the service. */
export function queryOf(
  options: Readonly<Record<string, Date | string | number | undefined>>,
  names: readonly string[] = [],
): string {
  const query = new URLSearchParams(names.map((name) => ['name', checkedName(name)]));
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) query.set(name, value instanceof Date ? value.toISOString() : String(value));
  }
  const text = query.toString();
  return text && `?${text}`;
}

/** The headers of a condition. */
export function conditionOf({ ifMatch, ifNoneMatch }: ConditionalOptions): Record<string, string> {
  return {
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch === '*' ? '*' : `"${ifMatch}"` }),
    ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
  };
}
