import { type Actor, NO_KEY } from '../domain/deed.js';
import { EVERYTHING, type Grant } from './grant.js';

/** By whom something is written down to have been done: the key that it was asked with. */
export function actorOf(
  grant: Grant | null,
  from: Pick<Actor, 'via' | 'address' | 'requestId'>,
  isSession = false,
): Actor {
  const actor = grant === null || grant === EVERYTHING ? NO_KEY.off : grant.keyId;
  return { actor, isSession, ...from };
}
