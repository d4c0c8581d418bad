/**
 * When an instance may take it that nobody is blind any more. By its own clock alone: a blind period is counted in the
 * guard's row, and whoever sees another one there waits as long as the one who registered it may believe in it. So the
 * clock of the database may be wrong, jump, or be another one after a failover.
 */
import { BLIND_MS } from '../../store/guard-row.js';
import { PERMISSION_MS } from './blindness.js';

/** What the guard's row says of blind periods. */
export interface SeenPeriod<T = string> {
  /** Which data it is: another one where a standby took over, or Postgres began anew. */
  readonly database: T;
  /** Another one after each registration and renewal. */
  readonly period: T;
  /** Whether some instance waited until this period, of this database, was surely over. */
  readonly vouched: boolean;
}

/** In the unit of the times. */
export interface Waits {
  /** As long as an instance believes itself blind after it sent a registration or renewal. */
  readonly period: number;
  /**
   * For whoever does not know what was before this database: a registration may have been lost with the one before, and
   * a primary that was replaced may have taken one a moment later.
   */
  readonly stranger: number;
}

/** In milliseconds. */
export const WAITS: Waits = { period: BLIND_MS, stranger: BLIND_MS + PERMISSION_MS };

/** Since when what was seen last is there, and from when on it means that nobody is blind. */
export interface Quiet<T = string> extends SeenPeriod<T> {
  /** A poll that was sent then or later finds nobody blind, if it sees the same. */
  readonly from: number;
  /** Why not before: an instance is blind, or this one does not know. */
  readonly because: 'blind' | 'stranger';
}

/**
 * What a poll's answer comes to, after those before.
 *
 * @param before what the last one came to; null at the start of the process
 * @param answeredAt when the answer was here, by this process's own clock
 */
export function quietAfter<T>(
  before: Quiet<T> | null,
  seen: SeenPeriod<T>,
  answeredAt: number,
  waits: Waits,
): Quiet<T> {
  const { database, period, vouched } = seen;
  const since = (from: number, because: Quiet['because']): Quiet<T> => ({ database, period, vouched, from, because });
  if (vouched) return since(-Infinity, 'blind');
  if (before?.database !== database) return since(answeredAt + waits.stranger, 'stranger');
  if (before.period === period) return since(before.from, before.because);
  return since(Math.max(before.from, answeredAt + waits.period), 'blind');
}

/** Whether the poll that came to this, and was sent then, found nobody blind. */
export function isQuiet({ from }: Quiet<unknown>, sentAt: number): boolean {
  return sentAt >= from;
}
