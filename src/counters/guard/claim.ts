/**
 * Whether an instance names the Redis that it found, where the guard's row names another one. Naming is always safe: it
 * begins another epoch, and everybody waits. What is decided here keeps instances that see different servers from taking
 * the cache from each other for ever.
 */
import type { Rank } from '../../cache/sighting.js';

/** Two instances with different servers would otherwise take the cache from each other all the time. */
const CONTEST_PAUSE_MS = 60_000;

/** A failover reaches one instance a moment after the other; whoever is behind for longer does without the cache. */
const BEHIND_PATIENCE_MS = 1_000;

/** Elections may begin anew at 0, with another Sentinel: then nobody will ever know a newer one than the row does. */
const BEGUN_ANEW_AFTER_MS = 30_000;

/** What an instance remembers of its claims. */
export interface Claims {
  /** The Redis that it last found or made the named one. */
  readonly lastNamed: string | null;
  readonly contestedAtMs: number;
  /** Since when what it finds is older than what is named; null: it is not. */
  readonly behindSinceMs: number | null;
  /** What it found last while that was so, and since when it finds that and no other. */
  readonly older: { readonly server: string; readonly sinceMs: number } | null;
}

export const NO_CLAIMS: Claims = { lastNamed: null, contestedAtMs: -Infinity, behindSinceMs: null, older: null };

/** What was found, beside what the row names. */
export interface Found {
  readonly server: string;
  readonly rank: Rank;
  /** Of what the row names. */
  readonly namedRank: number;
  readonly nowMs: number;
}

/**
 * - `name`: name it.
 * - `wait`: look again.
 * - `contested`: do without the cache; `conflict`: and tell an operator, who alone can mend it.
 */
export interface Decision {
  readonly kind: 'name' | 'wait' | 'contested' | 'conflict';
  readonly claims: Claims;
}

/** @param claims what was remembered after the last decision; its answer holds what to remember after this one */
export function decideClaim(claims: Claims, found: Found): Decision {
  return found.rank.kind === 'alone' ? decideAlone(claims, found) : decideElected(claims, found);
}

/** The row names what this instance found. */
export function claimsWhenNamed(claims: Claims, server: string): Claims {
  return { ...claims, lastNamed: server, behindSinceMs: null, older: null };
}

function decideAlone(claims: Claims, { server, nowMs }: Found): Decision {
  if (nowMs - claims.contestedAtMs < CONTEST_PAUSE_MS) return { kind: 'contested', claims };
  // It has not changed, yet the row does not name it any more: somebody has another one.
  if (server === claims.lastNamed) {
    return { kind: 'conflict', claims: { ...claims, lastNamed: null, contestedAtMs: nowMs } };
  }
  return { kind: 'name', claims };
}

function decideElected(claims: Claims, { server, rank, namedRank, nowMs }: Found): Decision {
  if (rank.kind === 'elected' && rank.epoch >= namedRank) {
    return { kind: 'name', claims: { ...claims, behindSinceMs: null, older: null } };
  }
  const behindSinceMs = claims.behindSinceMs ?? nowMs;
  const isWhole = rank.kind === 'elected' && rank.isWhole;
  const older = !isWhole ? null : claims.older?.server === server ? claims.older : { server, sinceMs: nowMs };
  const kind = nowMs - behindSinceMs < BEHIND_PATIENCE_MS ? 'wait' : 'contested';
  // Whoever was cut off with what was replaced sees a part, or something else every now and then.
  const begunAnew = older !== null && nowMs - older.sinceMs >= BEGUN_ANEW_AFTER_MS;
  return { kind: begunAnew ? 'name' : kind, claims: { ...claims, behindSinceMs, older } };
}
