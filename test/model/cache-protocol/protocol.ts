/**
 * The cache protocol for one counter: writers, readers, and one key in Redis that may be flushed, duplicated messages,
 * and a restart from an old snapshot. Postgres is the number of commits; the value is the version. Each script of Redis
 * and each statement of Postgres is one step. A violation is a read that returns less than what had been answered to
 * anybody when it was invoked: versions are ordered by the row's lock, so this is linearizability.
 */
export interface CacheProtocol {
  /** How a reader that found nothing prepares its fill: every reader shares a lease, one alone holds it, or none. */
  readonly lease: 'shared' | 'single' | 'wait' | null;
  /** Where a lease's nonce comes from: drawn, or counted by Redis (and forgotten by a flush). */
  readonly nonce: 'random' | 'counted';
  readonly fill: 'set' | 'set if newer' | 'with lease';
  readonly publish: 'set' | 'delete' | 'set if newer' | 'update or delete' | 'update only';
  /** Entries say which life of Redis they belong to. */
  readonly identity: boolean;
  /** When readers of one process may share the answer of a fill: when it was confirmed, or always. */
  readonly join: 'confirmed' | 'always' | null;
  /**
   * Answers of Redis to a flight may arrive late, and meanwhile readers may still join it, or may not since it was closed
   * before its publish was sent. Without, answers arrive at once.
   */
  readonly lateReplies?: 'joinable' | 'closed';
  /** A fill whose lease is gone removes the key, or leaves it as it is. */
  readonly refusedFill?: 'delete' | 'leave';
  readonly deletesBeforeCommit?: boolean;
  /** The writer takes the lease before its commit and publishes with the nonce. */
  readonly writerLeases?: boolean;
  /** A writer that does not do what it should: answers before it publishes, or without. */
  readonly carelessWriter?: 'answers first' | 'replays unpublished' | 'cannot reach Redis';
}

/** The protocol of this service. */
export const LEASE_AND_PUBLISH: CacheProtocol = {
  lease: 'shared',
  nonce: 'random',
  fill: 'with lease',
  publish: 'update or delete',
  identity: true,
  join: 'confirmed',
};
