/** Makes of what the servers of a cluster said of themselves where each unit is. */
import type { NodeAnswer } from './cluster-node.js';
import { SLOTS, slotOf, SLOTS_OF_UNIT, UNITS, unitOfSlot } from './cluster-map.js';
import type { Post, Rank, Sighting } from './sighting.js';

/** What one look at all servers came to. */
export interface ClusterLook {
  /** All that the places follow from: while it is the same, so are they. */
  readonly signature: string;
  /** Who has each slot; null: nobody who answered. */
  readonly owners: readonly (NodeAnswer | null)[];
  readonly units: readonly (Sighting | null)[];
}

/**
 * @param answers of those who answered
 * @param sentinels the key of each unit whose absence tells of a flush
 * @param before what the last look came to
 */
export function lookOf(
  answers: readonly NodeAnswer[],
  sentinels: readonly string[],
  before: ClusterLook | null,
): ClusterLook {
  const signature = answers.map(signatureOf).join('\n');
  const look = before?.signature === signature ? before : { ...placesIn(answers), signature };
  const held = new Map(answers.flatMap((answer) => [...answer.held]));
  const units = look.units.map((unit, number) => unit && { ...unit, sentinel: held.get(sentinels[number] ?? '') });
  return { ...look, units };
}

function signatureOf({ node, server, line, view }: NodeAnswer): string {
  return [
    node.address,
    server,
    line.number,
    view.epoch,
    view.isPrimary,
    view.slots.join(' '),
    view.moving.join(' '),
  ].join();
}

function placesIn(answers: readonly NodeAnswer[]): Omit<ClusterLook, 'signature'> {
  const owners = ownersIn(answers);
  const moving = new Set(answers.flatMap(({ view }) => view.moving.map(unitOfSlot)));
  // Who was left behind knows nobody for the slots of the others.
  const isWhole = !owners.includes(null);
  const units: (Sighting | null)[] = [];
  for (let unit = 0; unit < UNITS; unit += 1) {
    const own = owners.slice(unit * SLOTS_OF_UNIT, (unit + 1) * SLOTS_OF_UNIT);
    const claimed = own.filter((owner) => owner !== null);
    units.push(claimed.length < SLOTS_OF_UNIT ? null : sightingOf(claimed, isWhole, moving.has(unit)));
  }
  return { owners, units };
}

/** Who claims a slot himself has it; of two who do, the one who was elected later. */
function ownersIn(answers: readonly NodeAnswer[]): (NodeAnswer | null)[] {
  const owners = new Array<NodeAnswer | null>(SLOTS).fill(null);
  for (const answer of answers) {
    for (const [first, last] of answer.view.slots) {
      for (let slot = first; slot <= last; slot += 1) {
        const other = owners[slot] ?? null;
        if (other === null || other.view.epoch < answer.view.epoch) owners[slot] = answer;
      }
    }
  }
  return owners;
}

function sightingOf(owners: readonly NodeAnswer[], isWhole: boolean, isMoving: boolean): Sighting {
  const posts: Post[] = [];
  const known: NodeAnswer[] = [];
  const indexes = owners.map((owner) => {
    const found = known.indexOf(owner);
    if (found >= 0) return found;
    known.push(owner);
    return posts.push({ server: owner.server, line: owner.line }) - 1;
  });
  const postOf = (key: string): number => indexes[slotOf(key) % SLOTS_OF_UNIT] ?? 0;
  // As new as the newest of its servers.
  const rank: Rank = { kind: 'elected', epoch: Math.max(...known.map(({ view }) => view.epoch)), isWhole };
  return {
    place: placeOf(indexes, posts),
    posts,
    postOf: posts.length === 1 ? () => 0 : postOf,
    rank: () => Promise.resolve(rank),
    isMoving,
    sentinel: undefined,
  };
}

/** The one server of all slots, or each run of slots with its own: `0-20=<server> 21-63=<server>`. */
function placeOf(indexes: readonly number[], posts: readonly Post[]): string {
  const [only] = posts;
  if (posts.length === 1 && only !== undefined) return only.server;
  const runs: string[] = [];
  for (let first = 0; first < indexes.length;) {
    let end = first + 1;
    while (end < indexes.length && indexes[end] === indexes[first]) end += 1;
    runs.push(`${first}-${end - 1}=${posts[indexes[first] ?? 0]?.server ?? ''}`);
    first = end;
  }
  return runs.join(' ');
}
