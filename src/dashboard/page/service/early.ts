/**
 * What the first view shows is asked for while the page's script is still on its way: the one in its head begins, and the page
 * takes those answers in place of asking again. On a phone far away that is one wait less.
 */
import { HOME, isList, type Route } from '../place/route.js';
import { type Answer, ask } from './ask.js';
import { counterPath, countersPath, PAGE, SESSION_PATH, summaryPath } from './paths.js';

/** What was asked for longer ago is asked for again: it is no longer what stands there now. */
const FRESH_MS = 10_000;

interface Early {
  readonly answer: Promise<Answer>;
  /** By performance.now(). */
  readonly askedAtMs: number;
}

declare global {
  interface Window {
    /** By path: the two scripts share nothing but the window. */
    evercountEarly?: Map<string, Early>;
  }
}

/** For the script in the head. @param base where the service is mounted */
export function askEarly(base: string, place: Route): void {
  const early = new Map<string, Early>();
  for (const path of firstPaths(place)) {
    const answer = ask(base + path);
    // Whoever takes it is told; nobody may.
    answer.catch(() => undefined);
    early.set(path, { answer, askedAtMs: performance.now() });
  }
  window.evercountEarly = early;
}

/** The answer to a path that was asked for early, once, and only while it is fresh; else null. */
export function takeEarly(path: string): Promise<Answer> | null {
  const found = window.evercountEarly?.get(path);
  window.evercountEarly?.delete(path);
  return found !== undefined && performance.now() - found.askedAtMs < FRESH_MS ? found.answer : null;
}

export function forgetEarly(): void {
  window.evercountEarly?.clear();
}

/** What the view of a place asks for by itself, what is seen of it first. Whatever else is named here is of no use, and does no harm. */
function firstPaths(place: Route): readonly string[] {
  if (place.view === 'counter') return [counterPath(place.name), SESSION_PATH];
  if (!isList(place)) return [SESSION_PATH];
  const { prefix, search, sort } = place.view === 'overview' ? place : HOME;
  // Ranks depend on the zone, which is more than a small script should know.
  const list = sort === 'name' ? [countersPath({ prefix, search, limit: PAGE, cursor: null })] : [];
  return [...list, summaryPath(prefix), SESSION_PATH];
}
