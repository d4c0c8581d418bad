import type { Sighting } from '../../cache/sighting.js';

/** What the row of the whole names where the cache is a cluster: its places stand in the rows of its units. */
export const CLUSTER = 'cluster';

/** A cluster as that row names it; null where no server of it answers. */
export function wholeOf(sightings: readonly (Sighting | null)[]): Sighting | null {
  if (!sightings.some((sighting) => sighting !== null)) return null;
  return {
    place: CLUSTER,
    posts: [],
    postOf: () => 0,
    rank: () => Promise.resolve({ kind: 'alone' }),
    isMoving: false,
    sentinel: undefined,
  };
}
