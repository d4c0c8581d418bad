import type { Limit, Track, Turn, WatchState } from '../../domain/watch.js';

/**
 * What is seen of a counter: the condition is met, or not; `between`: not, but within the hysteresis; `unknown`: nobody
 * can tell.
 */
export type Verdict = 'met' | 'unmet' | 'between' | 'unknown';

/** A track and how it came there. */
export interface Moved {
  readonly track: Track;
  readonly turns: readonly Turn[];
}

/** One of which nothing is known yet. */
export function begun(atMs: number): Track {
  return { state: 'no_data', sinceMs: atMs, pending: null };
}

/**
 * What a limit says of a value.
 *
 * @param hysteresis how far it must be back behind the limit to be no longer `between`, at least 0
 */
export function verdictOf({ above, below }: Limit, hysteresis: number, value: number): Verdict {
  if (above !== undefined) {
    if (value > above) return 'met';
    return value > above - hysteresis ? 'between' : 'unmet';
  }
  if (below === undefined || value >= below + hysteresis) return 'unmet';
  return value < below ? 'met' : 'between';
}

/**
 * Follows what was seen at a moment. What was pending before, and nothing contradicted, has come true by then.
 *
 * @param atMs moments of one track come in order; one that is earlier, since a clock was set back, counts as no time
 * @param holdMs how long it must be so before it turns
 */
export function heard(track: Track, verdict: Verdict, atMs: number, holdMs: number): Moved {
  const nowMs = Math.max(atMs, track.pending?.sinceMs ?? track.sinceMs);
  const before = settled(track, nowMs, holdMs);
  const wanted = wantedOf(before.track.state, verdict);
  const after = pointed(before.track, wanted, nowMs);
  const then = settled(after.track, nowMs, holdMs);
  return { track: then.track, turns: [...before.turns, ...after.turns, ...then.turns] };
}

/** When a track turns by itself, milliseconds since 1970; null: never. */
export function dueMs({ pending }: Track, holdMs: number): number | null {
  return pending === null ? null : pending.sinceMs + holdMs;
}

function wantedOf(state: WatchState, verdict: Verdict): WatchState {
  switch (verdict) {
    case 'met':
      return 'firing';
    case 'unmet':
      return 'ok';
    case 'between':
      return state === 'no_data' ? 'ok' : state;
    case 'unknown':
      return 'no_data';
  }
}

function pointed(track: Track, wanted: WatchState, nowMs: number): Moved {
  if (wanted === track.state) return { track: { ...track, pending: null }, turns: [] };
  // What was unknown and is well needs no proof; what becomes unknown is so at once.
  if (wanted === 'no_data' || (wanted === 'ok' && track.state === 'no_data')) return turned(track, wanted, nowMs);
  if (track.pending?.to === wanted) return { track, turns: [] };
  return { track: { ...track, pending: { to: wanted, sinceMs: nowMs } }, turns: [] };
}

function settled(track: Track, nowMs: number, holdMs: number): Moved {
  const { pending } = track;
  if (pending === null || pending.sinceMs + holdMs > nowMs) return { track, turns: [] };
  return turned(track, pending.to, pending.sinceMs + holdMs);
}

function turned({ state }: Track, to: WatchState, atMs: number): Moved {
  return { track: { state: to, sinceMs: atMs, pending: null }, turns: [{ from: state, to, atMs }] };
}

/**
 * Whether a state is worth telling to those who were told of another one last: that it fires, and that it no longer does.
 *
 * @param told what they were told last; null: nothing
 */
export function isNews(told: WatchState | null, state: WatchState): boolean {
  return (told === 'firing') !== (state === 'firing');
}
