import { checkedKey } from './counter.js';
import type { RetryOptions } from './retry.js';

export interface EvercountOptions {
  /** Where the service is; may have a path. */
  readonly url: string;
  readonly apiKey?: string;
  /** For one try, milliseconds. Default 5000. */
  readonly timeoutMs?: number;
  /** How long to try again; false: never. */
  readonly retry?: RetryOptions | false;
  /** How long an increment waits for others to share its call, milliseconds. Default 2; 0: not at all. */
  readonly gatherMs?: number;
}

export interface CallOptions {
  /** Ends the call: with OutcomeUnknown when a write was already sent, else with Aborted. */
  readonly signal?: AbortSignal;
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

export interface WriteOptions extends CallOptions {
  /** Default: a new one for each call. Give that of an OutcomeUnknown to settle it, or your own to outlast a restart. */
  readonly idempotencyKey?: string;
}

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

export interface SetOptions extends ConditionalOptions {
  /** Null removes the bound; left out, it stays. */
  readonly min?: number | null;
  /** Null removes the bound; left out, it stays. */
  readonly max?: number | null;
}

/** The key of a write, the same at every try. @throws InvalidRequest */
export function keyOf({ idempotencyKey }: WriteOptions): string {
  return idempotencyKey === undefined ? crypto.randomUUID() : checkedKey(idempotencyKey);
}

/** The headers of a condition. */
export function conditionOf({ ifMatch, ifNoneMatch }: ConditionalOptions): Record<string, string> {
  return {
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch === '*' ? '*' : `"${ifMatch}"` }),
    ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
  };
}
