/**
 * The guard with one Redis: one counter, a clock in ticks, three instances, each of which may act, poll or stand still at
 * any tick. A and C reach Redis, B is cut off from it. C serves hits and fills, and may start anew; A and B write and
 * answer. A violation is a hit older than a version answered before.
 *
 * The database's clock may jump, and a standby may take over: with a clock of its own, and with the guard's row, or with
 * one that is as it was at the beginning.
 */
export interface GuardRules {
  /** Whether A publishes although it knows of a blind period, or answers unpublished as soon as it knows. */
  readonly connectedInBlindPeriod: 'publishes' | 'answers unpublished';
  /**
   * Whether B believes itself blind only until its last registration or renewal runs out by its own clock, and renews only
   * while that holds; or believes it for ever, and renews whenever it likes.
   */
  readonly blindness: 'runs out' | 'for ever';
  /** Whose clock ends a blind period for C: the database's, or its own, since it saw that period. */
  readonly over: 'by the clock of the database' | 'by its own clock';
  /** Whether C waits when it starts, and when it sees another database. */
  readonly waitsAtStart: boolean;
  readonly waitsAtFailover: boolean;
  /** What makes a period another one. */
  readonly counted: 'registrations and renewals' | 'registrations';
  /** What an instance vouches for that has waited, so that others need not: that period, or all of that database. */
  readonly vouchesFor: 'period' | 'database' | 'nothing';
}

/** What may happen to the database. */
export interface Faults {
  /** How far its clock jumps, in ticks; less than 0: back. */
  readonly jump: number;
  /** At any time; with a failover only; with a failover whose new primary has the row as it was at the beginning. */
  readonly when: 'any time' | 'failover' | 'lossy failover';
}

/** How far a search goes. */
export interface Bounds {
  readonly lastTick: number;
  readonly commits: number;
}

/** What the guard of this service does. */
export const GUARD: GuardRules = {
  connectedInBlindPeriod: 'publishes',
  blindness: 'runs out',
  over: 'by its own clock',
  waitsAtStart: true,
  waitsAtFailover: true,
  counted: 'registrations and renewals',
  vouchesFor: 'period',
};

/** Nothing happens to the database. */
export const NO_FAULT: Faults = { jump: 0, when: 'any time' };
