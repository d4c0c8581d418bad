import { at } from '../explorer.js';
import type { ExpiryRules } from './rules.js';

// The state, field by field. A truth is one number: a version and what it means.
export const ROW = 0;
/** 1: past the moment. */
export const CLOCK = 1;
export const SET_BACK = 2;
export const STEADY = 3;
/** Which writer holds the row, from 1; 0: none. */
export const LOCK = 4;
/** What the key is, then its truth or nonce. */
export const KEY = 5;
/** The highest version that anybody may know of. */
export const EXPOSED = 7;
/** What each version was told to mean. */
const TOLD = 8;
const VERSIONS = 12;
export const WRITERS = TOLD + VERSIONS;

export const NOTHING = 0;
export const ENTRY = 1;
export const LEASE = 2;

export const ENDING = 1;
export const ABSENT = 2;
export const LASTING = 3;

/** Fields of a writer; `judged` is 1 where it found the counter alive before it had the lock, 2 where it had ended. */
export const W = { pc: 0, truth: 1, judged: 2, size: 3 } as const;
export const WRITE = { start: 0, judged: 1, locked: 2, committed: 3, published: 4, answered: 5 } as const;

/** Fields of a reader; `floor` is what was known when it was invoked. */
export const R = { pc: 0, floor: 1, nonce: 2, truth: 3, size: 4 } as const;
export const READ = { start: 0, invoked: 1, leased: 2, over: 3, selected: 4, measured: 5, done: 9 } as const;

export const truth = (version: number, kind: number): number => version * 4 + kind;
export const versionOf = (told: number): number => told >> 2;
export const kindOf = (told: number): number => told & 3;
export const endOf = (before: number): number => truth(versionOf(before) + 1, ABSENT);

/** Whether the time of a truth is over, by the clock. */
export function isOver(s: Uint8Array, told: number): boolean {
  return kindOf(told) === ENDING && s[CLOCK] === 1;
}

/**
 * Brings a truth to the key, as the script does. What has no time left is not stored.
 *
 * @param late whether its life was measured before the moment, and the message arrives only now
 * @returns what may be told
 */
export function publish(rules: ExpiryRules, s: Uint8Array, told: number, nonce: number, late = false): number {
  const held = at(s, KEY + 1);
  if (s[KEY] === ENTRY && versionOf(held) >= versionOf(told)) return held;
  const has = s[KEY] === ENTRY || (s[KEY] === LEASE && nonce !== 0 && held === nonce);
  const ended = rules.entries === 'end' && !late && isOver(s, told);
  if (has && !ended) {
    s[KEY] = ENTRY;
    s[KEY + 1] = told;
  } else {
    s[KEY] = NOTHING;
    s[KEY + 1] = 0;
  }
  return told;
}

/** Tells somebody. @returns whether the version was told to mean something else */
export function tell(s: Uint8Array, told: number): boolean {
  const version = versionOf(told);
  const before = at(s, TOLD + version);
  s[TOLD + version] = kindOf(told);
  s[EXPOSED] = Math.max(at(s, EXPOSED), version);
  return before !== 0 && before !== kindOf(told);
}
