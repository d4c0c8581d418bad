import type { Truth } from './counter.js';
import type { Actor } from './deed.js';

/** `If-Match: "<version>", ...`, `If-Match: *` or `If-None-Match: *` (RFC 9110, section 13.1). */
export type Condition =
  | { readonly kind: 'matches'; readonly versions: readonly number[] }
  | { readonly kind: 'exists' }
  | { readonly kind: 'absent' };

/** How long a counter lasts, as a write has it: for ever, for some time from the write on, or until a moment. */
export type Expiry =
  | { readonly kind: 'never' }
  /** 1 ms to MAX_LIFE_MS. */
  | { readonly kind: 'in'; readonly ms: number; readonly where: ExpiryWhere }
  /** RFC 3339, UTC, milliseconds. With a moment that is past the write is refused; left out: the counter is over with it. */
  | { readonly kind: 'at'; readonly moment: string; readonly where: ExpiryWhere; readonly ifPast?: 'refuse' };

/** Whether it takes the place of another one, or counts only where there is none, or no counter. */
export type ExpiryWhere = 'always' | 'ifNone';

/** Adds `by` (-MAX_VALUE to MAX_VALUE); creates the counter at 0 first where there is none. */
export interface Increment {
  readonly kind: 'increment';
  readonly name: string;
  readonly by: number;
  /** Left out: what is there stays. */
  readonly expiry?: Expiry | undefined;
}

/** Sets the value of an existing counter to `to`, and tells the previous one. */
export interface Reset {
  readonly kind: 'reset';
  readonly name: string;
  readonly to: number;
  /** Left out: what is there stays. */
  readonly expiry?: Expiry | undefined;
  readonly condition: Condition | null;
}

/** Sets value and bounds, and tells the previous value; creates the counter where there is none; a bound of undefined stays, null removes it. */
export interface SetCounter {
  readonly kind: 'set';
  readonly name: string;
  readonly value: number;
  readonly min: number | null | undefined;
  readonly max: number | null | undefined;
  /** Left out: what is there stays. */
  readonly expiry?: Expiry | undefined;
  readonly condition: Condition | null;
}

/** Removes the counter, and tells the previous value; its version keeps counting. */
export interface Delete {
  readonly kind: 'delete';
  readonly name: string;
  readonly condition: Condition | null;
}

/** Changes when an existing counter ends, and nothing else; a moment that is past deletes it. */
export interface Expire {
  readonly kind: 'expire';
  readonly name: string;
  readonly expiry: Expiry;
  /** Only where the counter has an expiry, or has none; null: either way. */
  readonly has: 'some' | 'none' | null;
  /** Only where it would end later than now, or sooner; without an expiry it ends last of all. Null: either way. */
  readonly than: 'later' | 'sooner' | null;
  readonly condition: Condition | null;
}

/** Adds what fits between limits of this one write, beside those of the counter itself, and tells the previous value. */
export interface IncrementWithin {
  readonly kind: 'incrementWithin';
  readonly name: string;
  /** -MAX_VALUE to MAX_VALUE. */
  readonly by: number;
  readonly lowest: number;
  readonly highest: number;
  /** Where it does not fit: as far as it goes, instead of not at all. */
  readonly saturates: boolean;
  /** Left out: what is there stays. */
  readonly expiry?: Expiry | undefined;
  readonly condition: Condition | null;
}

export type Operation = Increment | IncrementWithin | Reset | SetCounter | Delete | Expire;

/** What a write came to, decided under the row's lock. */
export type Outcome = Done | Refused;

export interface Done {
  readonly kind: 'done';
  /** The counter after this operation and no other; an absence after a deletion. */
  readonly truth: Truth;
  /** Whether this operation brought the counter into being. */
  readonly created: boolean;
  /** The value before a set, a reset or a deletion; null where there was none, and for every other operation. */
  readonly previous: number | null;
}

/** What one of several increments came to: the value after it; or why there is none. */
export type Counted = number | Refused | Error;

export type RefusalCode =
  'not_found' | 'out_of_bounds' | 'version_mismatch' | 'value_overflow' | 'invalid_request' | 'quota_exceeded';

export interface Refused {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  /** A sentence for the client. */
  readonly detail: string;
  /** The truth that was looked at; to be published before the refusal is told. */
  readonly truth: Truth;
  /** The request that was refused first; a replay repeats it. */
  readonly requestId: string;
}

/** Whose key, which key, and which request it stands for. */
export interface IdempotencyKey {
  /** The id of the API key, or '' where access is off. */
  readonly owner: string;
  /** 1 to 255 printable ASCII characters; with `/<index>` added for an item of a batch. */
  readonly key: string;
  /** Until when its answer is kept, RFC 3339, as its claim says; left out where keys are not claimed. */
  readonly until?: string;
}

/** On whose account a name that was never there is brought into being. */
export interface Creator {
  /** The id of the API key. */
  readonly keyId: string;
  /** Names that it may bring into being, those that were deleted since counted too. */
  readonly maxNames: number;
  /** Names that it had brought into being when it was looked at, seconds ago at most. */
  readonly names: number;
}

/** One write on its way to the truth. */
export interface Write {
  readonly operation: Operation;
  readonly key: IdempotencyKey | null;
  /** Null: on nobody's account, and without a limit. */
  readonly creator: Creator | null;
  /** Goes into the body of a refusal, and so into its replay. */
  readonly requestId: string;
  /** Who is written down for it, where it sets, resets or deletes; increments leave it out. */
  readonly actor?: Actor;
}

/** The answer to a write: its outcome, and whether it was decided earlier, under the same key. */
export interface Answer {
  readonly outcome: Outcome;
  readonly replayed: boolean;
}
