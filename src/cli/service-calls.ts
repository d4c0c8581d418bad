/** The service over HTTP, as the operator's commands use it. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultOfName } from '../domain/operands.js';
import { CommandFailed, EXIT } from './exit-codes.js';

/** The service answers within three seconds, whatever is away; a proxy in front of it may add to that. */
const TIMEOUT_MS = 10_000;

/** A write that was not decided is sent again for this long, under the same key. */
const SETTLE_MS = 15_000;

/** Without `Retry-After`; Postgres and Redis come back within a second or two. */
const RETRY_PAUSE_MS = 500;

export interface Reply<T> {
  readonly status: number;
  /** `Cache-Status`, or ''. */
  readonly source: string;
  readonly body: T;
}

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

export interface PageBody {
  readonly data: readonly CounterBody[];
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
}

interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export class ServiceCalls {
  readonly base: string;

  /**
   * @param url of the deployment, with or without a slash at its end
   * @param key an API key; null where access is off
   */
  constructor(
    url: string,
    private readonly key: string | null,
  ) {
    this.base = url.replace(/\/+$/, '');
  }

  /** One page of counters by name, and the cursor of the next. */
  async list(limit: number, cursor: string | null, prefix = ''): Promise<PageBody> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (prefix !== '') query.set('prefix', prefix);
    if (cursor !== null) query.set('cursor', cursor);
    return this.expect<PageBody>('GET', `/v1/counters?${query.toString()}`);
  }

  /** @param consistency `strong` reads Postgres in any case */
  read(name: string, consistency: 'cached' | 'strong' = 'cached'): Promise<Reply<CounterBody>> {
    return this.call('GET', `${counterPath(name)}${consistency === 'strong' ? '?consistency=strong' : ''}`);
  }

  /** By 1. Sent again under the same key it counts once. */
  increment(name: string, key: string): Promise<Reply<CounterBody>> {
    return this.call('POST', `${counterPath(name)}/increment`, { headers: { 'idempotency-key': key } });
  }

  /** Without a look at the answer: what is not there need not be deleted. */
  async delete(name: string): Promise<void> {
    await this.call('DELETE', counterPath(name));
  }

  /** Removes this service's own entries, and nothing else; answers how many. */
  async flush(): Promise<number> {
    const { removed } = await this.expect<{ removed: number }>('POST', '/v1/admin/cache/flush');
    return removed;
  }

  /**
   * A write under one key, until it is decided: it counts once, however often it has to be sent. The key is a new one
   * where none is among the headers.
   *
   * @throws CommandFailed when it is refused, or not decided in time
   */
  async write<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const headers = { 'idempotency-key': randomUUID(), ...options.headers };
    const deadlineMs = performance.now() + SETTLE_MS;
    for (;;) {
      const late = performance.now() > deadlineMs;
      const reply = await this.call<T>(method, path, { ...options, headers }).catch((error: unknown) => {
        if (late) throw error;
        return null;
      });
      if (reply !== null && (late || !isUndecided(reply))) return this.resultOf(method, path, reply);
      await sleep(RETRY_PAUSE_MS);
    }
  }

  /**
   * A call that has to succeed.
   *
   * @throws CommandFailed with what the service says, and what can be done about it
   */
  async expect<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    return this.resultOf(method, path, await this.call<T>(method, path, options));
  }

  /**
   * Sends a call once.
   *
   * @throws CommandFailed when nobody answers
   */
  async call<T>(method: string, path: string, { headers = {}, body }: CallOptions = {}): Promise<Reply<T>> {
    try {
      const response = await this.send(method, path, { headers, body }, AbortSignal.timeout(TIMEOUT_MS));
      const text = await response.text();
      const source = response.headers.get('cache-status') ?? '';
      const parsed = (text === '' ? null : JSON.parse(text)) as T;
      return { status: response.status, source, body: parsed };
    } catch (error) {
      throw this.unanswered(error);
    }
  }

  /**
   * Begins to read what has no end.
   *
   * @param signal ends it
   * @throws CommandFailed when it is refused, or nobody answers
   */
  async open(path: string, signal: AbortSignal): Promise<Readable> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException('', 'TimeoutError')), TIMEOUT_MS);
    try {
      const response = await this.send('GET', path, {}, AbortSignal.any([signal, late.signal]));
      if (response.ok && response.body !== null) return Readable.fromWeb(response.body as WebStream);
      this.resultOf('GET', path, { status: response.status, body: (await response.json()) as unknown });
      throw new SyntaxError();
    } catch (error) {
      throw error instanceof CommandFailed ? error : this.unanswered(error);
    } finally {
      clearTimeout(timer);
    }
  }

  private send(method: string, path: string, { headers, body }: CallOptions, signal: AbortSignal): Promise<Response> {
    return fetch(this.base + path, {
      method,
      headers: {
        ...headers,
        ...(this.key === null ? {} : { authorization: `Bearer ${this.key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    });
  }

  private unanswered(error: unknown): CommandFailed {
    return new CommandFailed(
      EXIT.unavailable,
      `${this.base} did not answer: ${reasonOf(error)}`,
      'is the service running, and is this its address? --url or EVERCOUNT_URL names another',
      { cause: error },
    );
  }

  private resultOf<T>(method: string, path: string, { status, body }: Pick<Reply<T>, 'status' | 'body'>): T {
    if (status < 300) return body;
    const detail = detailOf(body) ?? `${method} ${path} was answered with status ${status}`;
    switch (status) {
      case 400:
        throw new CommandFailed(EXIT.usage, detail);
      case 401:
        throw new CommandFailed(EXIT.refused, detail, 'give an API key: --key-file, --key or EVERCOUNT_KEY');
      case 403:
        throw new CommandFailed(
          EXIT.refused,
          detail,
          'give an API key that has the scope, covers the name and has room',
        );
      case 429:
      case 503:
        throw new CommandFailed(
          EXIT.unavailable,
          detail,
          'try again in a moment; "evercount doctor" looks for the cause',
        );
      default:
        throw new CommandFailed(EXIT.failed, detail);
    }
  }
}

/** @throws CommandFailed for what is no name: `.` would be another path */
export function counterPath(name: string): string {
  const fault = faultOfName(name);
  if (fault !== null) throw new CommandFailed(EXIT.usage, `the name ${fault}`);
  return `/v1/counters/${encodeURIComponent(name)}`;
}

/** Whether sending the same write again may settle it. */
function isUndecided({ status, body }: Reply<unknown>): boolean {
  if (status === 503 || status === 429) return true;
  return status === 409 && typeof body === 'object' && body !== null && 'code' in body && body.code === 'in_progress';
}

function detailOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return null;
  return typeof body.detail === 'string' ? body.detail : null;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  if (error instanceof SyntaxError) return 'what came back is no JSON';
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
