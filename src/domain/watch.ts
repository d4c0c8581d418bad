/**
 * The words of watches. A *watch* says what a counter, or each counter of a prefix, should not be; of each it keeps a
 * *track*: `ok`, `firing` (it is so), or `no_data` (nobody can tell). A *turn* is a change from one to another.
 */

export const WATCH_STATES = ['ok', 'firing', 'no_data'] as const;
export type WatchState = (typeof WATCH_STATES)[number];

/** A lower or an upper limit; one of them is there. */
export interface Limit {
  readonly above?: number | undefined;
  readonly below?: number | undefined;
}

/** What makes a watch fire. Lengths are written as in `1h`, `30m`, `2d`. */
export type Condition =
  | { readonly above: number; readonly below?: undefined }
  | { readonly below: number; readonly above?: undefined }
  /** What the counter gained within this length. */
  | { readonly rate: Limit & { readonly over: string } }
  /** Nothing was written for so long. */
  | { readonly silent: string }
  /** So many whole hours were outside of what was expected, all on one side. */
  | { readonly unexpected: { readonly hours: number } };

/** What is judged: by the value, by its change, by the time since the last write, or by what was expected. */
export type ConditionKind = 'value' | 'rate' | 'silent' | 'unexpected';

/** Which kind a condition is: its members say so. */
export function kindOf(condition: Condition): ConditionKind {
  if ('rate' in condition) return 'rate';
  if ('silent' in condition) return 'silent';
  return 'unexpected' in condition ? 'unexpected' : 'value';
}

/** What somebody says of a watch. */
export interface WatchWish {
  readonly label: string;
  /** One of these two: a counter, or the beginning of names. */
  readonly name: string | null;
  readonly prefix: string | null;
  readonly when: Condition;
  /** How far a value must be back behind its limit to be ok again. */
  readonly hysteresis: number;
  /** How long it must be so, one way or the other, before it turns; milliseconds. */
  readonly holdMs: number;
  /** Ids of webhooks that are told of turns. */
  readonly notify: readonly string[];
  /** Whether nobody is told; its states go on. */
  readonly muted: boolean;
}

export interface Watch extends WatchWish {
  readonly id: string;
  /** RFC 3339, as all times. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** How one counter of a watch stands. */
export interface Track {
  readonly state: WatchState;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Where it will turn to if it stays so for as long as the watch asks; null: nowhere. */
  readonly pending: { readonly to: 'ok' | 'firing'; readonly sinceMs: number } | null;
}

/** A change of state. */
export interface Turn {
  readonly from: WatchState;
  readonly to: WatchState;
  readonly atMs: number;
}
