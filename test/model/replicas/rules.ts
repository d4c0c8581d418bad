/**
 * The guard where the Redis has a replica: under Sentinel, or demoted and promoted by hand. One counter; two servers, of
 * which one follows the other, lags, and may be promoted while the old primary is alive and goes on serving; then that
 * one follows, takes over what the other has, and may be promoted again. Instances look at the servers that call
 * themselves primary and poll the row, at any time and independently, and may be frozen between any two steps. Time
 * passes in ticks of a second and is stored as what is left, so that it has no end. A violation is a hit older than a
 * version answered before it began.
 */
export interface ReplicaRules {
  /** What the row names: a server in its life, or an address, behind which another server may stand. */
  readonly name: 'place' | 'address';
  /**
   * What is asked behind each GET: whether the server is a primary and its data set still the one of the last look; or
   * only the former (a replica refuses `WAIT`); or nothing.
   */
  readonly fence: 'primary' | 'life' | 'nothing';
  /** Whether everybody waits after a naming. */
  readonly wait: 'row' | 'nobody';
  /** Whether a publish counts only if a poll that is not old names where it went. */
  readonly answer: 'named' | 'any';
  /** What happens to the clients of a server that is demoted: Sentinel ends their connections, a hand need not. */
  readonly demoted: 'clients are ended' | 'goes on serving';
}

export type Ability = 'hit' | 'hit slowly' | 'fill' | 'write' | 'name' | 'go blind';

export interface ReplicaCast {
  readonly roles: readonly (readonly Ability[])[];
  readonly commits: number;
  readonly namings: number;
  readonly blindPeriods: number;
  readonly failovers: number;
  /** How often a key may be lost: flushed, expired, evicted. */
  readonly losses: number;
}

/** What the guard of this service does. */
export const REPLICAS: ReplicaRules = {
  name: 'place',
  fence: 'life',
  wait: 'row',
  answer: 'named',
  demoted: 'goes on serving',
};
