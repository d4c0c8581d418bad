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

export interface Deleted {
  readonly name: string;
  readonly deleted: true;
}

export type Interval = 'minute' | 'hour' | 'day';

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
  readonly reads?: { readonly hits: number; readonly misses: number; readonly bypasses: number };
  readonly queue: Queue;
  readonly lastReconcile: Finished<ReconcileReport> | null;
  readonly lastRehydrate: Finished<RehydrateReport> | null;
}
