import { api, ApiError, call } from './api.js';
import { counterPath } from './paths.js';
import type { Counter } from './shapes.js';

/** After nobody answered, or nobody knew: the same again, by the same key, counts once. */
const TRIES = 4;
const RETRY_MS = 400;

/** Somebody changed it in between so often: it is busy, and we give up. */
const RACES = 8;

/** What is said of bounds and of the end of a counter; left out it stays. */
export interface Terms {
  readonly value?: number;
  readonly min?: number | null;
  readonly max?: number | null;
  readonly ttlMs?: number;
  readonly expiresAt?: null;
}

async function write<T>(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  const key = newKey();
  for (let tries = 1; ; tries += 1) {
    try {
      return await call<T>(method, path, body, { ...headers, 'idempotency-key': key });
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isAway || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * tries));
    }
  }
}

/** Not by randomUUID, which pages have only where they came encrypted. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const at = (version: number) => ({ 'if-match': `"${version}"` });

/** What the page changes. Each throws ApiError: 412 where the counter is not as it was said to be. */
export const writes = {
  increment: (name: string, by: number) => write<Counter>('POST', `${counterPath(name)}/increment`, { by }),
  /** Only where there is none. */
  make: (name: string, terms: Terms) => write<Counter>('PUT', counterPath(name), terms, { 'if-none-match': '*' }),
  set: (name: string, terms: Terms, version?: number) =>
    write<Counter>('PUT', counterPath(name), terms, version === undefined ? {} : at(version)),
  reset: (name: string) => write<Counter & { previous: number }>('POST', `${counterPath(name)}/reset`, {}),
  delete: (name: string) => write<unknown>('DELETE', counterPath(name), undefined),
  /** Changes the terms and leaves the value, whoever counts meanwhile. */
  async alter(name: string, terms: Terms): Promise<Counter> {
    for (let tries = 1; ; tries += 1) {
      const { value, version } = await api.counter(name);
      try {
        return await this.set(name, { ...terms, value }, version);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 412 || tries === RACES) throw error;
      }
    }
  },
};
