import { type Answer, ask } from './ask.js';
import { BASE } from './base.js';
import { noteAnswer } from './clock.js';
import { forgetEarly, takeEarly } from './early.js';
import { counterPath, countersPath, query, SESSION_PATH, summaryPath, type WantedCounters } from './paths.js';
import type {
  CacheState,
  Counter,
  CounterPage,
  Deed,
  Forecast,
  Histories,
  Interval,
  Job,
  Key,
  Link,
  News,
  Paged,
  Ranked,
  Session,
  Summary,
  Timeline,
  TreeNode,
  Watch,
  WatchState,
} from './shapes.js';
import { zone } from '../place/zone.js';

/** As many as one call answers. */
const MOST_LINKS = 1_000;

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

export async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  // What is changed, or asked for by another key, is no longer as it was.
  if (method !== 'GET') forgetEarly();
  let answer: Answer;
  try {
    answer = await (takeEarly(path) ??
      ask(BASE + path, {
        method,
        headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      }));
  } catch {
    throw new ApiError(0, 'The service does not answer.');
  }
  const { response, text } = answer;
  noteAnswer(answer);
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

/** One that the service defines, or from a moment to another one. */
interface Period {
  readonly over?: string;
  /** Milliseconds since 1970. */
  readonly from?: number;
  readonly to?: number;
  readonly interval?: Interval;
}

export type RankedBy = 'value' | 'change';

/** The calls that the page makes: all of them public. They throw ApiError. */
export const api = {
  counter: (name: string) => call<Counter>('GET', counterPath(name)),
  counters: (wanted: WantedCounters) => call<CounterPage>('GET', countersPath(wanted)),
  reads: (names: readonly string[]) => call<{ data: readonly (Counter | null)[] }>('POST', '/v1/reads', { names }),
  /** In the zone of the page. */
  histories: (names: readonly string[], { over, from, to, interval }: Period) =>
    call<Histories>(
      'GET',
      `/v1/history${query({
        over: over ?? null,
        from: from === undefined ? null : new Date(from).toISOString(),
        to: to === undefined ? null : new Date(to).toISOString(),
        interval: interval ?? null,
        tz: zone(),
      })}${names.map((name) => `&name=${encodeURIComponent(name)}`).join('')}`,
    ),
  forecast: (name: string, hours: number, past: number) =>
    call<Forecast>('GET', `${counterPath(name)}/forecast${query({ hours, past })}`),
  summary: (prefix: string) => call<Summary>('GET', summaryPath(prefix)),
  top: (prefix: string, by: RankedBy, limit: number) =>
    call<{ data: readonly Ranked[] }>('GET', `/v1/top${query({ prefix, by, over: '24h', tz: zone(), limit })}`),
  cache: () => call<CacheState>('GET', '/v1/admin/cache'),
  ready: () => call<{ postgres: 'up' | 'down'; redis: 'up' | 'degraded' }>('GET', '/readyz?degraded=ok'),
  tree: (wanted: { prefix: string; separator: string; limit: number; cursor: string | null }) =>
    call<Paged<TreeNode>>('GET', `/v1/tree${query(wanted)}`),
  keys: (cursor: string | null) => call<Paged<Key>>('GET', `/v1/keys${query({ cursor })}`),
  makeKey: (wish: { label: string; scopes: readonly string[]; prefix: string }) =>
    call<Key & { secret: string }>('POST', '/v1/keys', wish),
  rotateKey: (id: string) => call<Key & { secret: string }>('POST', `/v1/keys/${encodeURIComponent(id)}/rotate`, {}),
  revokeKey: (id: string) => call<unknown>('DELETE', `/v1/keys/${encodeURIComponent(id)}`),
  audit: (wanted: {
    action: string;
    subject: string;
    actor: string;
    from: string;
    to: string;
    limit: number;
    cursor: string | null;
  }) => call<Paged<Deed>>('GET', `/v1/audit${query(wanted)}`),
  watches: (wanted: { name?: string; state?: WatchState; limit: number; cursor: string | null }) =>
    call<Paged<Watch>>('GET', `/v1/watches${query(wanted)}`),
  muteWatch: (id: string, muted: boolean) => call<Watch>('PATCH', `/v1/watches/${encodeURIComponent(id)}`, { muted }),
  /** All of them, oldest first. */
  links: async (): Promise<readonly Link[]> => {
    const found: Link[] = [];
    let cursor: string | null = null;
    do {
      const page: Paged<Link> = await call('GET', `/v1/links${query({ limit: MOST_LINKS, cursor })}`);
      found.push(...page.data);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return found;
  },
  makeLink: (wish: { readonly label: string } & ({ readonly name: string } | { readonly prefix: string })) =>
    call<Link>('POST', '/v1/links', wish),
  revokeLink: (id: string) => call<unknown>('DELETE', `/v1/links/${encodeURIComponent(id)}`),
  events: (cursor: string | null) => call<Paged<News>>('GET', `/v1/events${query({ limit: 30, cursor })}`),
  timeline: (over: string) => call<Timeline>('GET', `/v1/timeline${query({ over })}`),
  drill: () => call<unknown>('POST', '/v1/admin/drill', {}),
  flush: () => call<{ removed: number }>('POST', '/v1/admin/cache/flush'),
  start: (kind: 'rehydrate' | 'reconcile') => call<{ job: { id: string } }>('POST', `/v1/admin/cache/${kind}`),
  job: (id: string) => call<{ job: Job }>('GET', `/v1/admin/jobs/${encodeURIComponent(id)}`),
  session: () => call<Session>('GET', SESSION_PATH),
  signIn: (key: string) => call<unknown>('POST', SESSION_PATH, { key }),
  signOut: () => call<unknown>('DELETE', SESSION_PATH),
};
