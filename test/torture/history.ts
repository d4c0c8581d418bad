/** What clients did and saw, as the checker reads it. Times are process.hrtime.bigint(): one clock for one Linux host. */

interface Operation {
  /** One client does one thing at a time. */
  readonly client: number;
  readonly counter: string;
  readonly startNs: bigint;
  /** When the answer was there; of an unknown outcome, when the client gave up. */
  readonly endNs: bigint;
}

/** An increment. `unknown`: it may have counted, or may count yet; `refused`: it did not count. */
export interface WriteOperation extends Operation {
  readonly kind: 'write';
  readonly by: number;
  /** Sent with it and with every retry; null for a write that may not be sent again. */
  readonly key: string | null;
  readonly outcome:
    | { readonly kind: 'ok'; readonly value: number; readonly version: number; readonly replayed: boolean }
    | { readonly kind: 'refused' | 'unknown' };
}

/** A read. Absence is value 0 at version 0; one that was not answered says nothing and is not recorded. */
export interface ReadOperation extends Operation {
  readonly kind: 'read';
  readonly value: number;
  readonly version: number;
  /** From the cache while Postgres was away, and marked so. */
  readonly unverified: boolean;
}

export type HistoryEntry = WriteOperation | ReadOperation;

/** The truth at the end, when nothing runs any more. */
export interface FinalTruth {
  readonly value: number;
  readonly version: number;
  /** What each key of an unknown outcome came to, as a replay of it tells: value and version, or null: it never counted. */
  readonly unknownByKey: ReadonlyMap<string, { readonly value: number; readonly version: number } | null>;
}

export type FinalTruths = ReadonlyMap<string, FinalTruth>;
