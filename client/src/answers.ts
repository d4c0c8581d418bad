import type { Counter, Point, Ranking, Read, Summary, WasReset, Written } from './counter.js';
import { membersOf, refusal, type Answer, type Tried } from './transport.js';

/*
 * Each function reads one kind of answer, or says null when it is none of this service: a proxy's page with status 200
 * must not pass for a counter.
 */

export interface Page {
  readonly data: readonly Counter[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/** The counter of a read. */
export function readOf({ body, headers }: Answer): Read | null {
  const cacheStatus = headers.get('cache-status');
  const verified = cacheStatus !== null && !cacheStatus.includes('detail=unverified');
  return isCounter(body) ? { ...body, verified } : null;
}

/** The counter of a write. */
export function writtenOf({ body, headers }: Answer): Written | null {
  return isCounter(body) ? { ...body, replayed: headers.get('idempotent-replayed') === 'true' } : null;
}

/** The counter of a reset, with its previous value. */
export function resetOf(answer: Answer): WasReset | null {
  const written = writtenOf(answer);
  const { previous } = membersOf(answer.body);
  return written !== null && typeof previous === 'number' ? { ...written, previous } : null;
}

/** One page of a list. */
export function pageOf({ body }: Answer): Page | null {
  const { data, nextCursor } = membersOf(body);
  if (!Array.isArray(data) || !data.every(isCounter)) return null;
  return { data, nextCursor: typeof nextCursor === 'string' ? nextCursor : null };
}

/** What a counter came to over time. */
export function pointsOf({ body }: Answer): readonly Point[] | null {
  const { data } = membersOf(body);
  return Array.isArray(data) ? data : null;
}

/** What several came to, in the order of their names. */
export function historiesOf({ body }: Answer, names: readonly string[]): (readonly Point[] | null)[] | null {
  const data = membersOf(membersOf(body).data);
  const histories = names.map((name) => (Object.hasOwn(data, name) ? data[name] : undefined));
  return histories.every(isPointsOrNull) ? histories : null;
}

/** The first counters. */
export function rankingOf({ body }: Answer): Ranking | null {
  return Array.isArray(membersOf(body).data) ? (body as Ranking) : null;
}

/** Number and sum. */
export function summaryOf({ body }: Answer): Summary | null {
  return typeof membersOf(body).count === 'number' ? (body as Summary) : null;
}

/** Many counters, one for each name in order. */
export function countersOf({ body }: Answer, names: number): readonly (Counter | null)[] | null {
  const { data } = membersOf(body);
  return Array.isArray(data) && data.length === names && data.every(isCounterOrNull) ? data : null;
}

/** The results of a batch, one for each item in order. */
export function resultsOf({ body, headers }: Answer, items: number): readonly Tried<Written>[] | null {
  const { results } = membersOf(body);
  if (!Array.isArray(results) || results.length !== items) return null;
  return results.map((result: unknown): Tried<Written> => {
    const { status, counter, replayed, problem } = membersOf(result);
    if (isCounter(counter)) return { ok: true, value: { ...counter, replayed: replayed === true } };
    return refusal(typeof status === 'number' ? status : 200, problem, headers);
  });
}

/** The counters of a batch that was done as a whole. */
export function allOf(answer: Answer, items: number): readonly Written[] | null {
  const results = resultsOf(answer, items);
  const done = results?.flatMap((tried) => (tried.ok ? [tried.value] : []));
  return done?.length === items ? done : null;
}

/** Whether it is a counter, as the service shows one. */
export function isCounter(json: unknown): json is Counter {
  const { name, value, version } = membersOf(json);
  return typeof name === 'string' && Number.isSafeInteger(value) && Number.isSafeInteger(version);
}

function isPointsOrNull(json: unknown): json is readonly Point[] | null {
  return json === null || Array.isArray(json);
}

function isCounterOrNull(json: unknown): json is Counter | null {
  return json === null || isCounter(json);
}
