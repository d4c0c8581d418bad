import type { Identity } from '../../cache/identity.js';
import type { Sighting } from '../../cache/sighting.js';
import type { UnitState } from '../../store/guard-state.js';
import { PERMISSION_MS } from './blindness.js';
import type { Clock, Moment } from '../clock.js';

/** What one poll learned of a unit from Postgres and Redis together. */
export interface Knowledge {
  readonly state: UnitState;
  readonly sighting: Sighting;
  /** Of what each post of the sighting holds. */
  readonly identities: readonly Identity[];
  /** Whether nobody is blind. */
  readonly quiet: boolean;
  readonly sentAt: Moment;
}

/** The identity of a counter's entry. */
export function identityFor({ sighting, identities }: Knowledge, key: string): Identity | null {
  return identities[sighting.postOf(key)] ?? null;
}

/** Whether both are of the same place, over the same connections. */
export function isSamePlace(one: Sighting, other: Sighting): boolean {
  return one.place === other.place && one.posts.every(({ line }, index) => line === other.posts[index]?.line);
}

/** What follows from the last poll in which both answered, for as long as it may be relied upon. */
export class Permissions {
  private known: Knowledge | null = null;

  constructor(private readonly clock: Clock) {}

  /** The last poll in which both answered; null before that, and under another database. */
  get latest(): Knowledge | null {
    return this.known;
  }

  /** A poll was answered by both: what it came to takes the place of what was known. */
  learn(known: Knowledge): void {
    this.known = known;
  }

  /** What was learned is of another database. */
  forget(): void {
    this.known = null;
  }

  /** What may be served and filled right now; null: read the truth. */
  permitted(): Knowledge | null {
    const { known } = this;
    return known !== null && known.quiet && this.isCurrent(known) ? known : null;
  }

  /**
   * What may be served marked as unverified: Postgres is away, so nothing can be committed, as far as anyone can know, and
   * what is cached is right.
   *
   * @param seen what the last look found
   */
  unverified(seen: Sighting | null): Knowledge | null {
    const { known } = this;
    if (known === null || seen === null || !known.quiet || !known.state.settled) return null;
    return isSamePlace(known.sighting, seen) && isReachable(known.sighting) ? known : null;
  }

  /** Whether this place is known, from less than a second ago, to be the one that everybody is to read. */
  isCurrent({ sentAt, state, sighting }: Knowledge): boolean {
    return this.clock.ageMs(sentAt) < PERMISSION_MS && state.settled && isReachable(sighting);
  }
}

function isReachable({ posts }: Sighting): boolean {
  for (const { line } of posts) if (!line.isOpen) return false;
  return true;
}
