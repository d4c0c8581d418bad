/** What the API answers, as far as the page reads it. */
export interface Counter {
  readonly name: string;
  readonly value: number;
  readonly version: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface CounterPage {
  readonly data: readonly Counter[];
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
}

/** What the key that somebody came with allows. */
export interface Session {
  readonly auth: 'off' | 'required';
  readonly scopes: readonly string[];
  /** Names must begin with it. */
  readonly prefix: string;
}

/** The next level of names below a prefix. */
export interface TreeNode {
  /** Of a counter, or a prefix to go on with. */
  readonly name: string;
  readonly isBranch: boolean;
  readonly count: number;
  readonly sum: number;
}

export interface Key {
  readonly id: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly prefix: string;
  readonly origins: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

/** Shows a counter, or those of a prefix, to whoever has it. */
export interface Link {
  readonly id: string;
  readonly label: string;
  /** One of the two. */
  readonly name: string | null;
  readonly prefix: string | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly token: string;
}

export const WATCH_STATES = ['firing', 'ok', 'no_data'] as const;
export type WatchState = (typeof WATCH_STATES)[number];

interface Limit {
  readonly above?: number;
  readonly below?: number;
}

/** What makes a watch fire; lengths as in `30m`. */
export type Condition =
  | Limit
  | { readonly rate: Limit & { readonly over: string } }
  | { readonly silent: string }
  | { readonly unexpected: { readonly hours: number } };

/** What a counter, or each of a prefix, should not be; of one counter: how that one stands. */
export interface Watch {
  readonly id: string;
  readonly label: string;
  readonly name: string | null;
  readonly prefix: string | null;
  readonly when: Condition;
  readonly for: string;
  readonly notify: readonly string[];
  readonly muted: boolean;
  readonly state: WatchState;
  readonly since: string | null;
  readonly counters: { readonly firing: number; readonly ok: number; readonly noData: number };
}

/** As it was and as it is: a counter, a key, or what it came to. */
export type DeedState = Readonly<Record<string, unknown>> | null;

/** What somebody did. */
export interface Deed {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly actor: string;
  readonly isSession: boolean;
  readonly via: string;
  readonly address: string | null;
  readonly subject: string | null;
  readonly before: DeedState;
  readonly after: DeedState;
}

export interface Paged<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
}

/** What an instance sees of the servers: `silent` where the last question was not answered, which may be its own delay. */
export interface Seen {
  readonly postgres: 'up' | 'silent' | 'away';
  readonly redis: 'up' | 'silent' | 'away';
  readonly guard: GuardStanding;
}

/** One thing that happened to the service, or was done to it. */
export interface News {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly instance: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** How things went in one step, of all instances together; rates are a second. */
export interface TimelinePoint {
  readonly at: string;
  readonly hits: number;
  readonly misses: number;
  readonly bypasses: number;
  readonly unverified: number;
  readonly increments: number;
  readonly otherWrites: number;
  readonly failures: number;
  readonly commitMs: number | null;
  readonly commitP99Ms: number | null;
  readonly publishMs: number | null;
  readonly publishP99Ms: number | null;
  readonly queue: number;
  readonly instances: number;
  readonly serving: number;
}

export interface Timeline {
  readonly from: string;
  readonly to: string;
  readonly stepMs: number;
  readonly points: readonly TimelinePoint[];
  /** Latest first. */
  readonly marks: readonly News[];
}

export interface Deleted {
  readonly name: string;
  readonly deleted: true;
}

export type Interval = 'minute' | 'hour' | 'day' | 'week' | 'month';

export interface HistoryPoint {
  readonly at: string;
  readonly delta: number;
  readonly value: number;
}

/** By name; null where there is no counter. */
export interface Histories {
  readonly data: Readonly<Record<string, readonly HistoryPoint[] | null>>;
  /** Where its intervals begin. */
  readonly tz: string;
  readonly interval: Interval;
}

/** What is expected of an hour. */
export interface ExpectedHour {
  readonly at: string;
  readonly delta: number;
  readonly low: number;
  readonly high: number;
}

/** One that is over, and what had been expected of it. */
export interface JudgedHour extends ExpectedHour {
  readonly observed: number;
  readonly outside: 'above' | 'below' | null;
}

export interface Forecast {
  /** The running hour first. */
  readonly data: readonly ExpectedHour[];
  readonly past: readonly JudgedHour[];
  readonly reaches: { readonly bound: 'min' | 'max'; readonly value: number; readonly at: string } | null;
}

export interface Summary {
  readonly count: number;
  readonly sum: number;
}

export interface Ranked {
  readonly name: string;
  readonly value: number;
  readonly change: number;
}

interface VersionedValue {
  readonly version: number | null;
  readonly value: number | null;
}

export interface Drift {
  readonly name: string;
  readonly kind: 'behind' | 'wrong';
  readonly cached: VersionedValue;
  readonly true: VersionedValue;
  readonly ageMs: number | null;
}

export interface ReconcileReport {
  readonly compared: number;
  readonly behind: number;
  readonly wrong: number;
  readonly repaired: number;
  readonly drift: readonly Drift[];
  readonly complete: boolean;
  readonly durationMs: number;
}

export interface RehydrateReport {
  readonly names: number;
  readonly filled: number;
  readonly complete: boolean;
  readonly durationMs: number;
}

interface Finished<R> {
  readonly finishedAt: string;
  readonly report: R;
}

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly progress: { readonly names: number; readonly done: number } | null;
  readonly result: Partial<ReconcileReport & RehydrateReport> | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface Queue {
  readonly state: 'up' | 'down';
  readonly jobs?: Readonly<Record<string, number>>;
  readonly schedules?: readonly { readonly kind: string; readonly everyMs: number; readonly nextAt: string | null }[];
  readonly recent?: readonly Job[];
}

export type GuardStanding = 'serving' | 'unverified' | 'blind' | 'waiting';

/** Of one counter each, since the start of a process. */
export interface Reads {
  readonly hits: number;
  readonly misses: number;
  readonly bypasses: number;
}

export interface CacheState {
  readonly postgres: 'up' | 'down';
  readonly redis: 'up' | 'degraded';
  readonly guard?: GuardStanding;
  readonly server?: {
    readonly address: string;
    readonly role: 'primary' | 'replica' | null;
    readonly foundBy: 'url' | 'sentinel';
  };
  readonly epoch: string | null;
  readonly permission: boolean;
  readonly sentinel: boolean | null;
  readonly entries: number | null;
  readonly reads?: Reads;
  readonly queue: Queue;
  readonly lastReconcile: Finished<ReconcileReport> | null;
  readonly lastRehydrate: Finished<RehydrateReport> | null;
}
