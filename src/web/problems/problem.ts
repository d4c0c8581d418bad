import type { Allowance } from '../../access/token-bucket.js';

/**
 * Every refusal this service can answer with, by its code: the status it goes out with, its title, and what the page
 * behind its `type` explains.
 */
export const PROBLEMS = {
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    explanation:
      'The request breaks a rule of the interface: a name, a number, a field, a header or a query parameter. ' +
      'Nothing was changed. "errors" points at the faults of a body. Sending the same request again does not help.',
  },
  unauthorized: {
    status: 401,
    title: 'Unauthorized',
    explanation: 'The request carries no API key, or one that is unknown, expired or revoked. Nothing was changed.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    explanation: 'The API key is valid, and does not allow this call or this counter. Nothing was changed.',
  },
  quota_exceeded: {
    status: 403,
    title: 'Quota exceeded',
    explanation:
      'The API key has brought into being as many names as it may; those of counters that were deleted since are ' +
      'counted too. Nothing was changed. Counters that are there, or were once, can still be written; whoever runs ' +
      'the service can raise the quota.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    explanation:
      'There is no counter with this name, or nothing at this path. Reading, resetting and deleting never create a ' +
      'counter; an increment and a PUT do. In a path, the name of a counter is percent-encoded: "page/home" is ' +
      '"/v1/counters/page%2Fhome".',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    explanation: 'The path exists and does not take this method. "Allow" lists the methods it takes.',
  },
  timeout: {
    status: 408,
    title: 'Request timeout',
    explanation: 'The request did not arrive in full within the time a client is given. Nothing was changed.',
  },
  out_of_bounds: {
    status: 409,
    title: 'Out of bounds',
    explanation: "The counter's value would leave the bounds set for it (min, max). Nothing was changed.",
  },
  in_progress: {
    status: 409,
    title: 'In progress',
    explanation:
      'The first request with this idempotency key has not been decided yet. Ask again after "Retry-After"; ' +
      'the answer is then that of the first request.',
  },
  not_enough_history: {
    status: 409,
    title: 'Not enough history',
    explanation:
      'A forecast takes 14 days of history, hour by hour, and the counter has less: "detail" says how much there is. ' +
      'Nothing was changed.',
  },
  needs_connection: {
    status: 409,
    title: 'Needs a connection',
    explanation:
      'This is a service for a place without a network: it counts, and delivers later. What cannot be decided without ' +
      'the truth (set, reset, delete, bounds, several as one, "If-Match", an expiry) is asked of the service that it ' +
      'delivers to. Nothing was changed.',
  },
  edge_gap: {
    status: 409,
    title: 'Gap before the delivery',
    explanation:
      'What was delivered before is missing here: this service was restored to an older state. Nothing was changed. ' +
      'Ask where the edge stands, and send again from there.',
  },
  edge_forked: {
    status: 409,
    title: 'Edge forked',
    explanation:
      'Another delivery was taken from an edge with this identity: its file was copied to a second place, or restored ' +
      'from a backup. Nothing was changed, and nothing is lost: give one of the two an identity of its own, by ' +
      '"evercount edge resync --new-identity".',
  },
  version_mismatch: {
    status: 412,
    title: 'Version mismatch',
    explanation:
      'The counter is not at a version that "If-Match" names, or exists although "If-None-Match" forbids it. ' +
      'Nothing was changed. Read it again, decide, and send the new version.',
  },
  too_large: {
    status: 413,
    title: 'Too large',
    explanation: 'The body is longer than this call takes, or the batch has more than 1000 items. Nothing was changed.',
  },
  uri_too_long: {
    status: 414,
    title: 'URI too long',
    explanation: 'A part of the path is longer than any name of a counter can be, percent-encoded.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    explanation:
      'Bodies are JSON, in UTF-8, not compressed (deliveries may be, by gzip), with "Content-Type: application/json".',
  },
  misdirected: {
    status: 421,
    title: 'Misdirected request',
    explanation:
      'The "Host" header names a host that is not one of this service, as happens when the page of another site leads ' +
      'its own name here. Nothing was changed. The setting ALLOWED_HOSTS lists the names by which it may be called.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key reused',
    explanation: 'This idempotency key was used for another request. Each request takes a key of its own.',
  },
  value_overflow: {
    status: 422,
    title: 'Value overflow',
    explanation:
      'The sum would leave the range of a counter, -9007199254740991 to 9007199254740991. Nothing was changed.',
  },
  rate_limited: {
    status: 429,
    title: 'Rate limited',
    explanation: 'Too many requests. Ask again after "Retry-After". Nothing was changed.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    explanation: 'The request line and the headers together are longer than this service reads (8 KB).',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    explanation:
      'A fault of this service. It was logged with the id of the request. Whether a write was committed is not ' +
      'known: send it again with the same idempotency key.',
  },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    explanation:
      'The request cannot be answered now: the database cannot be reached, too many writes or reads are waiting for ' +
      'it, or this instance is shutting down. Nothing was changed. Ask again after "Retry-After".',
  },
  outcome_unknown: {
    status: 503,
    title: 'Outcome unknown',
    explanation:
      'The write was sent to the database, and whether it was committed cannot be learned now. Send it again with ' +
      'the same idempotency key: it is then counted once, whichever it was.',
  },
} as const satisfies Record<string, { status: number; title: string; explanation: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** One fault of a body. */
export interface BodyFault {
  /** Where it is: a JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemParts {
  /** The faults of a body. */
  readonly errors?: readonly BodyFault[];
  /** For `Retry-After`, whole seconds. */
  readonly retryAfterSeconds?: number;
  /** Of the limit that was reached; null where callers are not told of it. */
  readonly allowance?: Allowance | null;
  /** For `Allow`: the methods the path takes. */
  readonly allow?: string;
  /** For `WWW-Authenticate`: how to ask again. */
  readonly authenticate?: string;
}

/** A request that is answered with a problem document. The message is its detail, a sentence for the client. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly parts: ProblemParts = {},
  ) {
    super(detail);
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** @throws ProblemError `invalid_request` */
export function refuse(detail: string): never {
  throw new ProblemError('invalid_request', detail);
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/**
 * The document of RFC 9457.
 *
 * @param instance the id of the request that was refused
 * @param basePath where the service is mounted
 */
export function problemJson(problem: ProblemError, instance: string, basePath: string): string {
  return JSON.stringify({
    type: `${basePath}/problems/${problem.code}`,
    title: PROBLEMS[problem.code].title,
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    instance,
    errors: problem.parts.errors,
  });
}
