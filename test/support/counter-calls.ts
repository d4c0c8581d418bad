/** The calls of the API that tests make most, over connections that stay open. */
import { type Hold, holdToDocument } from './described.js';
import { answerOf } from './held-fetch.js';

export interface CounterBody {
  readonly name: string;
  readonly value: number;
  readonly version: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Reply<T = CounterBody> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: T;
  /** From sending to the end of the body, milliseconds. */
  readonly tookMs: number;
}

export interface WriteOptions {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Longer than anything the service may take. */
const TIMEOUT_MS = 15_000;

export class CounterCalls {
  /** @param hold an answer that is not as the OpenAPI document has it is a fault */
  constructor(
    readonly url: string,
    private readonly hold: Hold = holdToDocument,
  ) {}

  read(name: string, query = ''): Promise<Reply> {
    return this.call('GET', `${path(name)}${query}`);
  }

  increment(name: string, by = 1, options: WriteOptions = {}): Promise<Reply> {
    return this.call('POST', `${path(name)}/increment`, { by }, options);
  }

  decrement(name: string, by = 1, options: WriteOptions = {}): Promise<Reply> {
    return this.call('POST', `${path(name)}/decrement`, { by }, options);
  }

  reset(name: string, to = 0, options: WriteOptions = {}): Promise<Reply<CounterBody & { previous: number }>> {
    return this.call('POST', `${path(name)}/reset`, { to }, options);
  }

  set(
    name: string,
    body: { value: number; min?: number | null; max?: number | null },
    options: WriteOptions = {},
  ): Promise<Reply> {
    return this.call('PUT', path(name), body, options);
  }

  delete(name: string, options: WriteOptions = {}): Promise<Reply> {
    return this.call('DELETE', path(name), undefined, options);
  }

  batch<T>(body: unknown, options: WriteOptions = {}): Promise<Reply<T>> {
    return this.call('POST', '/v1/increments', body, options);
  }

  async call<T>(method: string, target: string, body?: unknown, options: WriteOptions = {}): Promise<Reply<T>> {
    const begin = performance.now();
    const response = await fetch(this.url + target, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(options.key === undefined ? {} : { 'idempotency-key': options.key }),
        ...options.headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    const tookMs = performance.now() - begin;
    this.hold(method, target, answerOf(response, text));
    const parsed = (text === '' ? null : JSON.parse(text)) as T;
    return { status: response.status, headers: response.headers, text, body: parsed, tookMs };
  }
}

function path(name: string): string {
  return `/v1/counters/${encodeURIComponent(name)}`;
}
