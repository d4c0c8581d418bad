/**
 * The guard of one unit of slots on a Redis Cluster, of which one key is looked at. Two servers may hold its slot: a
 * primary and its replica, which is promoted while the old primary is alive, lags, and takes over what it finds; or two
 * primaries, between which the slot is moved key by key, the move ended, cancelled or forced. Instances look at the
 * servers that claim the slot, also outdated ones, and poll the unit's row, at any time and independently; they name what
 * they saw, in whatever order, and may be frozen between any two steps. Time passes in ticks of a second and is stored as
 * what is left, so that it has no end. A violation is a hit older than a version answered before it began.
 *
 * Other units are not in here: what was said of one counter is linearizable by itself. That a unit with an open slot is
 * kept blind by whoever sees it saves waiting; one thing alone depends on it: who cancels a move must first have the primary
 * keep the slot, and then bring back what was sent away, over what is there by then.
 */
export interface ClusterRules {
  /**
   * What the row names for the unit: each slot with the server, in its life, that claims it; the same of the whole
   * cluster; the servers in their lives, as a row for each shard would; or an address, behind which another may stand.
   */
  readonly name: 'place' | 'whole map' | 'servers' | 'address';
  /** Where requests go: where the last look led, or wherever the servers send them now. */
  readonly route: 'as looked' | 'as redirected';
  /** What an answer of ASK means to a publish: that it failed, or that nothing is there. */
  readonly ask: 'not published' | 'nothing there';
  /** How scripts know whose entries are theirs: by asking the server, by what the caller learned of it, by the epoch alone. */
  readonly identity: 'asked inside' | 'told by the caller' | 'epoch only';
  /** What is asked behind each GET: the life of the data set; whether it is a primary; nothing. */
  readonly fence: 'life' | 'primary' | 'nothing';
  /** Whether everybody waits after a naming. */
  readonly wait: 'row' | 'nobody';
  /**
   * Whether a publish counts only if where it went is named by the poll before it, which must not be old yet; or by one
   * that is not old, before it or after it; or in any case.
   */
  readonly answer: 'named before' | 'named before or after' | 'any';
  /**
   * What an instance does that sees an open slot: relies upon nothing else that it saw with it before it has registered
   * a blind period; or registers one afterwards.
   */
  readonly motion: 'blind first' | 'blind after';
  /** What a poll does first: looks for open slots, or reads the row. */
  readonly poll: 'looks' | 'reads';
  /** Which servers have a key whose absence tells of a flush. */
  readonly sentinels: 'each' | 'the first';
}

export type Ability = 'hit' | 'hit slowly' | 'fill' | 'bypass' | 'write' | 'name' | 'go blind';

export interface ClusterCast {
  /** What the second server is to the first. */
  readonly servers: 'primary and replica' | 'two primaries';
  readonly roles: readonly (readonly Ability[])[];
  readonly commits: number;
  readonly namings: number;
  readonly blindPeriods: number;
  readonly failovers: number;
  /** How often a slot may be opened, and then moved, moved back, cancelled. */
  readonly moves: number;
  /**
   * When what was sent away comes back after a move was cancelled: in the same moment; or later, the move being cancelled
   * as soon as you like, or not before each permission has run out that was given before the slot was opened.
   */
  readonly returns: 'with it' | 'later' | 'later, a second after the opening';
  /** Whether the other one may take the slot by force. */
  readonly force: boolean;
  /** Whether a key that is moved may stay where it was as well, and be put back over the newer one by hand. */
  readonly twins: boolean;
  /** How often a key may be lost: flushed, expired, evicted. */
  readonly losses: number;
  /** Whether losses are flushes, which everybody is to notice by its next poll. */
  readonly flushes: boolean;
}

/** What the contract wants. */
export const CLUSTER: ClusterRules = {
  name: 'place',
  route: 'as looked',
  ask: 'not published',
  identity: 'asked inside',
  fence: 'life',
  wait: 'row',
  answer: 'named before',
  motion: 'blind first',
  poll: 'looks',
  sentinels: 'each',
};
