import { errorOf, isErrorCode, type BodyFault, type ErrorCode, type EvercountError } from './errors.js';

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
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Percent-encoded, from `/v1` on. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The result in a 2xx, or null when the answer is not one of this service. */
  readonly result: (answer: Answer) => T | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body; undefined when there is none or it is not JSON. */
  readonly body: unknown;
}

/** The reason of a signal that ended a try because its time was over. */
export const TIME_IS_OVER = Symbol('time is over');

const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** Decided by the service for the key, or by the request alone: no try with this key did or will change anything. */
const DECIDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_request',
  'method_not_allowed',
  'not_found',
  'out_of_bounds',
  'version_mismatch',
  'too_large',
  'uri_too_long',
  'unsupported_media_type',
  'idempotency_key_reused',
  'value_overflow',
  'headers_too_large',
]);

/** What Node's fetch gives as cause when no connection was made, so that nothing was sent; browsers do not tell. */
const NEVER_SENT: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Sends requests, each once. */
export class Transport {
  private readonly base: string;
  private readonly headers: Headers;

  /** @throws TypeError when the URL is not one of HTTP, or the API key cannot be a header */
  constructor(url: string, apiKey: string | undefined) {
    const { protocol, username, origin, pathname } = new URL(url);
    if (!/^https?:$/.test(protocol) || username !== '') {
      throw new TypeError('the URL must begin with http:// or https:// and hold no user name');
    }
    this.base = origin + pathname.replace(/\/+$/, '');
    this.headers = new Headers({ accept: 'application/json' });
    if (apiKey !== undefined) this.headers.set('authorization', `Bearer ${apiKey}`);
  }

  /** Sends one request once; never rejects. */
  async send<T>(request: Request<T>, signal: AbortSignal): Promise<Tried<T>> {
    const outcome = signal.aborted ? 'unchanged' : 'unknown';
    const headers = new Headers(this.headers);
    for (const [name, value] of Object.entries(request.headers ?? {})) headers.set(name, value);
    if (request.body !== undefined) headers.set('content-type', 'application/json');
    let answer: Answer;
    try {
      const response = await fetch(this.base + request.path, {
        method: request.method,
        headers,
        body: request.body === undefined ? null : JSON.stringify(request.body),
        credentials: 'omit',
        // Following one would turn a POST into a GET, or hand the API key to another host.
        redirect: 'manual',
        signal,
      });
      answer = { status: response.status, headers: response.headers, body: parsed(await response.text()) };
    } catch (error) {
      return signal.aborted ? ended(signal, outcome) : unreachable(error);
    }
    const value = answer.status >= 200 && answer.status < 300 ? request.result(answer) : null;
    if (value !== null) return { ok: true, value };
    return refusal(answer.status, answer.body, answer.headers);
  }
}

/** A try that its signal ended: by the caller, or because its time was over. */
export function ended(signal: AbortSignal, outcome: Failed['outcome']): Failed {
  const timeout = signal.reason === TIME_IS_OVER;
  const error = timeout
    ? errorOf('timeout', 'no answer came in time')
    : errorOf('aborted', 'the call was aborted', { cause: signal.reason });
  return failed(error, timeout, outcome);
}

/** What a problem document says, of a whole request or of one item of a batch. */
export function refusal(status: number, body: unknown, headers: Headers): Failed {
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
  if (DECIDED.has(code)) return 'decided';
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
