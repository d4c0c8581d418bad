import { type Watch, WATCH_STATES } from '../../service/shapes.js';

/** The service looks at what was counted every few seconds. */
export const RELOAD_MS = 5_000;

/** Times are told as ages. */
export const AGES_MS = 5_000;

/** What fires and is not muted stands first, what nobody can tell of last. */
export function inOrder(watches: readonly Watch[]): readonly Watch[] {
  const rank = ({ state, muted }: Watch) => WATCH_STATES.indexOf(state) * 2 + (muted ? 1 : 0);
  return [...watches].sort((one, other) => rank(one) - rank(other));
}
