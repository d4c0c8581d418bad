import { BASE } from './base.js';
import { noteAnswer } from './clock.js';
import type { CacheState, Counter, CounterPage, Histories, Interval, Job, Ranked, Summary } from './shapes.js';
import { zone } from '../place/zone.js';

/** Longer than the service may take for any call of the page. */
const TIMEOUT_MS = 8_000;

/** Why a call has no answer: a status of HTTP, or 0 where nobody answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  get isAway(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

/** Called when the service asks for a key. */
let onUnauthorized: () => void = () => undefined;
export function whenUnauthorized(listener: () => void): void {
  onUnauthorized = listener;
}

export function noteStatus(status: number): void {
  if (status === 401) onUnauthorized();
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      cache: 'no-store',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new ApiError(0, 'The service does not answer.');
  }
  noteAnswer(response);
  const text = await response.text().catch(() => '');
  if (!response.ok) {
    noteStatus(response.status);
    throw new ApiError(response.status, detailOf(text) ?? `The service answered with status ${response.status}.`);
  }
  return (text === '' ? null : JSON.parse(text)) as T;
}

/** Problem documents say what is wrong; a proxy in between may not. */
function detailOf(text: string): string | null {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === 'string' ? detail : null;
  } catch {
    return null;
  }
}

const query = (parameters: Readonly<Record<string, string | number | null>>): string => {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return given.length === 0 ? '' : `?${search.toString()}`;
};

const counterPath = (name: string): string => `/v1/counters/${encodeURIComponent(name)}`;

export type RankedBy = 'value' | 'change';

/** The calls that the page makes: all of them public. They throw ApiError. */
export const api = {
  counter: (name: string) => call<Counter>('GET', counterPath(name)),
  counters: (wanted: { prefix: string; search?: string; limit: number; cursor: string | null }) =>
    call<CounterPage>('GET', `/v1/counters${query(wanted)}`),
  reads: (names: readonly string[]) => call<{ data: readonly (Counter | null)[] }>('POST', '/v1/reads', { names }),
  /** @param over a period that the service defines, in the zone of the page */
  histories: (names: readonly string[], over: string, interval: Interval | null = null) =>
    call<Histories>(
      'GET',
      `/v1/history${query({ over, interval, tz: zone() })}${names.map((name) => `&name=${encodeURIComponent(name)}`).join('')}`,
    ),
  summary: (prefix: string) => call<Summary>('GET', `/v1/summary${query({ prefix })}`),
  top: (prefix: string, by: RankedBy, limit: number) =>
    call<{ data: readonly Ranked[] }>('GET', `/v1/top${query({ prefix, by, over: '24h', tz: zone(), limit })}`),
  cache: () => call<CacheState>('GET', '/v1/admin/cache'),
  ready: () => call<{ postgres: 'up' | 'down'; redis: 'up' | 'degraded' }>('GET', '/readyz?degraded=ok'),
  flush: () => call<{ removed: number }>('POST', '/v1/admin/cache/flush'),
  start: (kind: 'rehydrate' | 'reconcile') => call<{ job: { id: string } }>('POST', `/v1/admin/cache/${kind}`),
  job: (id: string) => call<{ job: Job }>('GET', `/v1/admin/jobs/${encodeURIComponent(id)}`),
  session: () => call<{ auth: 'off' | 'required' }>('GET', '/v1/session'),
  signIn: (key: string) => call<unknown>('POST', '/v1/session', { key }),
  signOut: () => call<unknown>('DELETE', '/v1/session'),
};
