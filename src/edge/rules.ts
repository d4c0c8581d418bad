import type { Position } from '../domain/delivery.js';
import { MINUTE_MS } from '../domain/time.js';

/**
 * What an edge does next, and what an answer means: nothing but rules, so that a model explores them as they are.
 *
 * The state of an edge is its position (the last delivery that was settled), at most one delivery that was written down
 * and is not settled, those that were, and what waits.
 */
export interface View {
  /** `forked`: another one has our identity. `lost`: upstream misses what we no longer keep. */
  readonly state: 'open' | 'forked' | 'lost';
  /** Whether upstream said that it misses something: ask before anything is sent. */
  readonly mustAsk: boolean;
  /** Whether a delivery is written down that is not settled. */
  readonly isSealed: boolean;
  /** Items that wait. */
  readonly waiting: number;
}

export type Step = 'send' | 'seal' | 'ask' | 'rest';

/** A delivery is written down before it is sent for the first time, and sent as it is until it is settled. */
export function nextStep({ state, mustAsk, isSealed, waiting }: View): Step {
  if (state !== 'open') return 'rest';
  if (mustAsk) return 'ask';
  if (isSealed) return 'send';
  return waiting > 0 ? 'seal' : 'rest';
}

/** An answer to a delivery, or to the question where we stand. */
export interface UpstreamAnswer {
  /** Of HTTP; 0: there was none. */
  readonly status: number;
  /** Of a problem document; null: it is none. */
  readonly code: string | null;
  readonly retryAfterSeconds: number | null;
}

/**
 * - `settled`: taken, now or before.
 * - `gap`, `forked`: see `standingOf`.
 * - `later`: nothing is known but that it may be tried again; what was sent may have been taken.
 * - `refused`: as `later`, but somebody has to do something about it: a key, a release.
 */
export type Meaning = 'settled' | 'gap' | 'forked' | 'later' | 'refused';

/** What an answer to a delivery means for it. */
export function meaningOf({ status, code }: UpstreamAnswer): Meaning {
  if (status === 200) return 'settled';
  if (status === 409 && code === 'edge_gap') return 'gap';
  if (status === 409 && code === 'edge_forked') return 'forked';
  // Of a proxy in between, or a portal that wants a password, nothing is believed but that it is not our service.
  const isOurs = code !== null;
  return isOurs && status >= 400 && status < 500 && !PASSING.has(status) ? 'refused' : 'later';
}

/** Too slow, in progress, too many. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 429]);

/** What is known here of a delivery that ended at a number. */
export type Kept = { readonly digest: string | null } | null;

/**
 * - `go on`: upstream stands where we do, or where what is under way ends.
 * - `again`: send again what we delivered behind its position.
 */
export type Place = 'go on' | 'again' | 'forked' | 'lost';

/**
 * @param told where upstream says that it stands
 * @param own where we stand
 * @param sealed where what is under way ends; null: nothing is
 * @param kept what ended at upstream's position, of what is kept; at 0: whether the first one is
 */
export function placeOf(told: Position, own: Position, sealed: Position | null, kept: Kept): Place {
  if (told.last === own.last) return told.digest === own.digest ? 'go on' : 'forked';
  if (told.last > own.last) {
    return sealed !== null && told.last === sealed.last && told.digest === sealed.digest ? 'go on' : 'forked';
  }
  if (kept === null) return 'lost';
  return kept.digest === told.digest ? 'again' : 'forked';
}

/** A network that is back is noticed within five minutes; one that is gone for weeks costs a few hundred tries a day. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5 * MINUTE_MS;

/** Between two looks at what somebody has to do something about. */
const REFUSED_PAUSE_MS = MINUTE_MS;

/**
 * How long to wait before the next try: twice as long each time, and at random, so that a hundred boxes do not come back at
 * once when the network does.
 *
 * @param failures since the last success, from 1 on
 * @param random from 0 to 1
 */
export function pauseMs(
  failures: number,
  meaning: Extract<Meaning, 'later' | 'refused'>,
  retryAfterSeconds: number | null,
  random: number,
): number {
  const grown = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20), LONGEST_PAUSE_MS);
  const wanted = meaning === 'refused' ? REFUSED_PAUSE_MS : grown;
  const asked = Math.min((retryAfterSeconds ?? 0) * 1_000, LONGEST_PAUSE_MS);
  return Math.max(wanted * (0.5 + random / 2), asked);
}
