/** The service over HTTP, as the operator's commands use it. */

/** The service answers within three seconds, whatever is away; a proxy in front of it may add to that. */
const TIMEOUT_MS = 10_000;

export interface Reply<T> {
  readonly status: number;
  /** `Cache-Status`, or ''. */
  readonly source: string;
  readonly body: T;
  /** From sending to the end of the body, milliseconds. */
  readonly tookMs: number;
}

export interface CounterBody {
  readonly name: string;
  readonly value: number;
  readonly version: number;
}

interface PageBody {
  readonly data: readonly CounterBody[];
  readonly nextCursor: string | null;
}

/** A call was answered in a way that leaves nothing to go on with; the message is for the operator. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
}

export class ServiceCalls {
  private readonly base: string;

  /**
   * @param url of the deployment, with or without a slash at its end
   * @param key an API key with the scopes `read`, `write` and `admin`; null where access is off
   */
  constructor(
    url: string,
    private readonly key: string | null,
  ) {
    this.base = url.replace(/\/+$/, '');
  }

  /** One page of counters by name, and the cursor of the next. */
  async list(limit: number, cursor: string | null): Promise<PageBody> {
    const after = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    return this.expect<PageBody>('GET', `/v1/counters?limit=${limit}${after}`);
  }

  /** @param consistency `strong` reads Postgres in any case */
  read(name: string, consistency: 'cached' | 'strong' = 'cached'): Promise<Reply<CounterBody>> {
    return this.call('GET', `${pathOf(name)}${consistency === 'strong' ? '?consistency=strong' : ''}`);
  }

  increment(name: string, key: string): Promise<Reply<CounterBody>> {
    return this.call('POST', `${pathOf(name)}/increment`, { 'idempotency-key': key });
  }

  async delete(name: string): Promise<void> {
    await this.call('DELETE', pathOf(name));
  }

  /** Removes this service's own entries, and nothing else; answers how many. */
  async flush(): Promise<number> {
    const { removed } = await this.expect<{ removed: number }>('POST', '/v1/admin/cache/flush');
    return removed;
  }

  /**
   * Sends a call once.
   *
   * @throws CallFailed when nobody answers
   */
  async call<T>(method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply<T>> {
    const begin = performance.now();
    try {
      const response = await fetch(this.base + path, {
        method,
        headers: { ...headers, ...(this.key === null ? {} : { authorization: `Bearer ${this.key}` }) },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await response.text();
      const source = response.headers.get('cache-status') ?? '';
      const body = (text === '' ? null : JSON.parse(text)) as T;
      return { status: response.status, source, body, tookMs: performance.now() - begin };
    } catch (error) {
      throw new CallFailed(`${this.base} did not answer: ${reasonOf(error)}`, { cause: error });
    }
  }

  private async expect<T>(method: string, path: string): Promise<T> {
    const { status, body } = await this.call<T>(method, path);
    if (status < 300) return body;
    throw new CallFailed(`${method} ${path} was answered ${status} ${JSON.stringify(body)}`);
  }
}

function pathOf(name: string): string {
  return `/v1/counters/${encodeURIComponent(name)}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
