import { errorOf, isDecided, isErrorCode, type BodyFault, type ErrorCode, type EvercountError } from './errors.js';
import type { Fetch, Signal } from './platform.js';

/** What one try came to. */
export type Tried<T> = Done<T> | Failed;

export interface Done<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Failed {
  readonly ok: false;
  readonly error: EvercountError;
  /** Whether another try may end better. */
  readonly retry: boolean;
  /** What a write came to by this try; `decided` says of earlier tries with the same key too that they changed nothing. */
  readonly outcome: 'unchanged' | 'unknown' | 'decided';
  /** 0 to 1, spreads the next try in time; one draw for all items of a batch, so that they come back together. */
  readonly draw: number;
}

/** One HTTP request, and how to read its answer. */
export interface Request<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Percent-encoded, from `/v1` on. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether a 2xx is answered by its body as it comes, instead of all of it as JSON. */
  readonly streamed?: boolean;
  /** The result in a 2xx, or null when the answer is not one of this service. */
  readonly result: (answer: Answer) => T | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** The parsed body; undefined when there is none or it is not JSON. Of a stream, the stream. */
  readonly body: unknown;
}

export interface AnswerHeaders {
  get(name: string): string | null;
}

/** How requests are sent. */
export interface TransportOptions {
  /** Where the service is; may have a path. */
  readonly url: string;
  readonly apiKey?: string;
  /** Sent along with each request; a function is asked before each try, for `traceparent` and its like. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>);
  /** Sends the requests, instead of the platform's own. */
  readonly fetch?: Fetch;
  /** Is told of each try when it has ended: for logs, metrics and traces. */
  readonly onTry?: (attempt: Attempt) => void;
}

/** One try of one request. */
export interface Attempt {
  readonly method: string;
  /** From `/v1` on, percent-encoded. */
  readonly path: string;
  /** The HTTP status, or null where no answer was had. */
  readonly status: number | null;
  /** Null where it succeeded. */
  readonly error: EvercountError | null;
  /** Until the whole answer was there, milliseconds; of a stream, until it began. */
  readonly tookMs: number;
}

/** The reason of a signal that ended a try because its time was over. */
export const TIME_IS_OVER = Symbol('time is over');

const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** What Node's fetch gives as cause when no connection was made, so that nothing was sent; browsers do not tell. */
const NEVER_SENT: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Sends requests, each once. */
export class Transport {
  private readonly base: string;
  private readonly headers: Headers;

  /** @throws TypeError when the URL is not one of HTTP, or the API key cannot be a header */
  constructor(private readonly options: TransportOptions) {
    const { protocol, username, origin, pathname } = new URL(options.url);
    if (!/^https?:$/.test(protocol) || username !== '') {
      throw new TypeError('the URL must begin with http:// or https:// and hold no user name');
    }
    this.base = origin + pathname.replace(/\/+$/, '');
    this.headers = new Headers({ accept: 'application/json' });
    if (options.apiKey !== undefined) this.headers.set('authorization', `Bearer ${options.apiKey}`);
  }

  /** Sends one request once; never rejects. */
  async send<T>(request: Request<T>, signal: Signal): Promise<Tried<T>> {
    const begin = performance.now();
    let status: number | null = null;
    const tried = await this.exchange(request, signal, (found) => (status = found));
    const { onTry } = this.options;
    if (onTry !== undefined) {
      const { method, path } = request;
      const error = tried.ok ? null : tried.error;
      const attempt = { method, path, status, error, tookMs: performance.now() - begin };
      // Apart from the call, so that what it throws is the fault of nobody who waits here.
      queueMicrotask(() => onTry(attempt));
    }
    return tried;
  }

  private async exchange<T>(
    { method, path, body, headers, streamed, result }: Request<T>,
    signal: Signal,
    onStatus: (status: number) => void,
  ): Promise<Tried<T>> {
    const outcome = signal.aborted ? 'unchanged' : 'unknown';
    let answer: Answer;
    try {
      const more = this.options.headers;
      const sent = new Headers(this.headers);
      for (const each of [typeof more === 'function' ? more() : more, headers]) {
        for (const [name, value] of Object.entries(each ?? {})) sent.set(name, value);
      }
      if (body !== undefined) sent.set('content-type', 'application/json');
      const response = await (this.options.fetch ?? fetch)(this.base + path, {
        method,
        headers: sent,
        body: body === undefined ? null : JSON.stringify(body),
        credentials: 'omit',
        // Following one would turn a POST into a GET, or hand the API key to another host.
        redirect: 'manual',
        signal,
      });
      onStatus(response.status);
      const whole = streamed !== true || !response.ok;
      answer = {
        status: response.status,
        headers: response.headers,
        body: whole ? parsed(await response.text()) : response.body,
      };
    } catch (error) {
      return signal.aborted ? ended(signal, outcome) : unreachable(error);
    }
    const value = answer.status >= 200 && answer.status < 300 ? result(answer) : null;
    if (value !== null) return { ok: true, value };
    return refusal(answer.status, answer.body, answer.headers);
  }
}

/** A try that its signal ended: by the caller, or because its time was over. */
export function ended(signal: Signal, outcome: Failed['outcome']): Failed {
  const timeout = signal.reason === TIME_IS_OVER;
  const error = timeout
    ? errorOf('timeout', 'no answer came in time')
    : errorOf('aborted', 'the call was aborted', { cause: signal.reason });
  return failed(error, timeout, outcome);
}

/** What a problem document says, of a whole request or of one item of a batch. */
export function refusal(status: number, body: unknown, headers: AnswerHeaders): Failed {
  const problem = membersOf(body);
  const code = status >= 400 && isErrorCode(problem.code) ? problem.code : 'unrecognized';
  const detail = code === 'unrecognized' ? `an answer with status ${status} that is not understood` : problem.detail;
  const error = errorOf(code, typeof detail === 'string' ? detail : code, {
    status,
    requestId: typeof problem.instance === 'string' ? problem.instance : (headers.get('x-request-id') ?? undefined),
    retryAfterMs: retryAfterMsOf(headers.get('retry-after')),
    faults: Array.isArray(problem.errors) ? (problem.errors as BodyFault[]) : [],
  });
  return failed(error, RETRIED_STATUS.has(status) || code === 'in_progress', outcomeOf(status, code));
}

function outcomeOf(status: number, code: ErrorCode): Failed['outcome'] {
  if (isDecided(code)) return 'decided';
  if (code === 'unavailable' || status === 429) return 'unchanged';
  const mayBeDone = status >= 500 || code === 'in_progress' || (status >= 200 && status < 300);
  return mayBeDone ? 'unknown' : 'unchanged';
}

function unreachable(error: unknown): Failed {
  // Not instanceof: fetch may come from another realm than this module.
  const { code, message } = membersOf(membersOf(error).cause);
  const why = typeof message === 'string' && message !== '' ? message : String(error);
  const found = errorOf('unreachable', `the service cannot be reached: ${why}`, { cause: error });
  return failed(found, true, NEVER_SENT.has(code) ? 'unchanged' : 'unknown');
}

function failed(error: EvercountError, retry: boolean, outcome: Failed['outcome']): Failed {
  return { ok: false, error, retry, outcome, draw: Math.random() };
}

/** Seconds or a date (RFC 9110, section 10.2.3), as milliseconds from now. */
function retryAfterMsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The members of an object, of anything else none. */
export function membersOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
}
