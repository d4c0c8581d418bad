/**
 * The guard with two servers of Redis and instances that reach one of them each, may be moved to the other, or are cut
 * off. One counter; time passes in ticks and is stored as what is left or how old something is, so that it
 * has no end. Between any two steps an instance may be frozen for any time. A violation is a hit older than a version
 * answered before.
 *
 * An instance that is about to answer what it learned from the truth (a commit or a SELECT) has published it to the
 * server that the row names, and knew so from a poll no older than a permission, looked at after it had learned.
 */
export interface NamedRedisRules {
  /** What is looked at, and when, before a published truth is answered. */
  readonly answer: 'fresh after publish' | 'fresh before learning' | 'unchecked';
  /** Whether a fill is answered by the same rule, or at once. */
  readonly fillAnswer: 'same' | 'unchecked';
  /** When a lease may be taken: with a permission, with one that has run out, or whatever the row says. */
  readonly lease: 'permitted' | 'once permitted' | 'always';
  /** Who waits after a naming: everybody, since the row says until when; everybody who learns of it; the namer; nobody. */
  readonly wait: 'row' | 'learner' | 'namer' | 'nobody';
  /** Whether scripts say which server they ran on. */
  readonly serverTold: boolean;
}

export interface Role {
  readonly server: 0 | 1;
  /** Without 'publish' it is cut off from its server. A slow hit may be frozen between the look at its permission and the GET. */
  readonly can: readonly Ability[];
}

export type Ability = 'hit' | 'hit slowly' | 'read' | 'write' | 'lease before write' | 'name' | 'publish' | 'go blind';

export interface Cast {
  readonly roles: readonly Role[];
  readonly commits: number;
  readonly namings: number;
  readonly blindPeriods: number;
  /** How often a connection may lead to the other server all at once. */
  readonly moves: number;
  /** How often a key may be lost: flushed, expired, evicted. */
  readonly losses: number;
  /** Ticks to a second: the more, the finer the clock. */
  readonly ticksPerSecond: number;
}

/** What the guard of this service does. */
export const NAMED_REDIS: NamedRedisRules = {
  answer: 'fresh after publish',
  fillAnswer: 'same',
  lease: 'permitted',
  wait: 'row',
  serverTold: true,
};
