/** The codes of the service's problem documents, and those the client finds by itself (the last three). */
export type ErrorCode =
  | 'invalid_request'
  | 'unauthorized'
  | 'forbidden'
  | 'quota_exceeded'
  | 'not_found'
  | 'method_not_allowed'
  | 'timeout'
  | 'out_of_bounds'
  | 'in_progress'
  | 'version_mismatch'
  | 'too_large'
  | 'uri_too_long'
  | 'unsupported_media_type'
  | 'idempotency_key_reused'
  | 'value_overflow'
  | 'rate_limited'
  | 'misdirected'
  | 'headers_too_large'
  | 'internal'
  | 'unavailable'
  | 'outcome_unknown'
  | 'unreachable'
  | 'aborted'
  | 'unrecognized';

/** A fault at one place of a body: a JSON pointer, and what is wrong there. */
export interface BodyFault {
  readonly pointer: string;
  readonly detail: string;
}

/** What is known besides code and detail. */
export interface ErrorFacts {
  readonly status?: number | null;
  readonly requestId?: string | null;
  readonly retryAfterMs?: number | null;
  readonly faults?: readonly BodyFault[];
  readonly cause?: unknown;
}

/** Everything a call rejects with; `detail` and `message` are the same sentence. */
export class EvercountError extends Error {
  override readonly name: string = 'EvercountError';
  /** The HTTP status, or null where no answer was had. */
  readonly status: number | null;
  /** Names the request in the service's log. */
  readonly requestId: string | null;
  /** How long the service asked to wait, milliseconds. */
  readonly retryAfterMs: number | null;
  readonly faults: readonly BodyFault[];

  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    facts: ErrorFacts = {},
  ) {
    super(detail, facts);
    this.status = facts.status ?? null;
    this.requestId = facts.requestId ?? null;
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.faults = facts.faults ?? [];
  }
}

/** The request can never succeed as it is; also thrown before anything is sent. */
export class InvalidRequest extends EvercountError {
  override readonly name = 'InvalidRequest';
}

/** The API key is missing or wrong, may not do this to this counter, or has brought into being all names it may. */
export class AccessDenied extends EvercountError {
  override readonly name = 'AccessDenied';
}

/** There is no such counter. */
export class NotFound extends EvercountError {
  override readonly name = 'NotFound';
}

/** The sum would break the counter's bounds, or leave -(2^53-1) to 2^53-1. */
export class OutOfBounds extends EvercountError {
  override readonly name = 'OutOfBounds';
}

/** `ifMatch` or `ifNoneMatch` did not hold. */
export class VersionMismatch extends EvercountError {
  override readonly name = 'VersionMismatch';
}

/** The idempotency key stands for another request. */
export class KeyReused extends EvercountError {
  override readonly name = 'KeyReused';
}

/** The limit of this API key or address was still reached when the deadline came. */
export class RateLimited extends EvercountError {
  override readonly name = 'RateLimited';
}

/** No answer that decides anything could be had before the deadline. A write that ends so has changed nothing. */
export class Unavailable extends EvercountError {
  override readonly name = 'Unavailable';
}

/** The caller's signal ended the call, and nothing was changed; `cause` is the signal's reason. */
export class Aborted extends EvercountError {
  override readonly name = 'AbortError';
}

/**
 * The write may or may not have been committed. Making the same call again with `idempotencyKey` settles it: it is then
 * counted exactly once, whatever happened before. `cause` is the error that came last.
 */
export class OutcomeUnknown extends EvercountError {
  override readonly name = 'OutcomeUnknown';

  constructor(
    readonly idempotencyKey: string,
    last: EvercountError,
  ) {
    super('outcome_unknown', `Whether the write was committed is not known: ${last.detail}`, {
      status: last.status,
      requestId: last.requestId,
      retryAfterMs: last.retryAfterMs,
      cause: last,
    });
  }
}

const FAMILIES = {
  invalid_request: InvalidRequest,
  method_not_allowed: InvalidRequest,
  too_large: InvalidRequest,
  uri_too_long: InvalidRequest,
  unsupported_media_type: InvalidRequest,
  headers_too_large: InvalidRequest,
  unauthorized: AccessDenied,
  forbidden: AccessDenied,
  quota_exceeded: AccessDenied,
  misdirected: AccessDenied,
  not_found: NotFound,
  out_of_bounds: OutOfBounds,
  value_overflow: OutOfBounds,
  version_mismatch: VersionMismatch,
  idempotency_key_reused: KeyReused,
  rate_limited: RateLimited,
  timeout: Unavailable,
  in_progress: Unavailable,
  internal: Unavailable,
  unavailable: Unavailable,
  // The answer to one try; a write that ends with it rejects with OutcomeUnknown, which holds the key.
  outcome_unknown: Unavailable,
  unreachable: Unavailable,
  unrecognized: Unavailable,
  aborted: Aborted,
} as const satisfies Record<ErrorCode, typeof EvercountError>;

/** Families of what the service decides for a key or a request: no try with that key did or will change anything. */
const DECIDED: ReadonlySet<unknown> = new Set([InvalidRequest, NotFound, OutOfBounds, VersionMismatch, KeyReused]);

/** The error of the family that a code belongs to. */
export function errorOf(code: ErrorCode, detail: string, facts: ErrorFacts = {}): EvercountError {
  return new FAMILIES[code](code, detail, facts);
}

export function isDecided(code: ErrorCode): boolean {
  return DECIDED.has(FAMILIES[code]);
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(FAMILIES, code);
}
