import type { z } from 'zod';
import type { ProblemCode } from '../problems/problem.js';

/** A call as its room describes it; the document adds what its route's rule and all calls have in common. */
export interface Call {
  /** As in `gate/route-rules.ts`: `GET /v1/counters/:name`. */
  readonly route: string;
  /** Its name in generated clients. */
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  readonly tag: Tag;
  /** What the parts of the path mean. */
  readonly path?: Readonly<Record<string, PathPart>>;
  readonly query?: z.ZodObject;
  /** A parameter of the query that may be there several times, by its name. */
  readonly lists?: Readonly<Record<string, ListParameter>>;
  /** Headers it takes, of those in HEADERS. */
  readonly headers?: readonly HeaderName[];
  readonly body?: RequestBody;
  /** What it answers where all went well, by status. */
  readonly answers: Readonly<Record<number, CallAnswer>>;
  /** Refusals of its own; those of every call need not be said. */
  readonly refusals?: readonly ProblemCode[];
}

export const TAGS = {
  counters: 'One counter at a time.',
  batches: 'Many counters in one request.',
  edges: 'What was counted where the network was not.',
  history: 'What changed over time, and what many counters come to.',
  watches: 'What counters should not be, and whether they are.',
  webhooks: 'Where watches tell what they see.',
  stream: 'Counters as they change.',
  session: 'The session of a browser.',
  keys: 'The keys that calls are made with.',
  sharing: 'Counters shown to others: links, pictures, small pages.',
  admin: 'What operators look at and do.',
  health: 'Probes and numbers of an instance.',
  problems: 'What refusals mean.',
} as const;

export type Tag = keyof typeof TAGS;

export interface PathPart {
  readonly description: string;
  readonly example: string;
}

export interface ListParameter {
  readonly description: string;
  readonly maxItems: number;
  readonly example: readonly string[];
}

export interface RequestBody {
  readonly schema: z.ZodType;
  /** Whether it may be left out. */
  readonly required: boolean;
  readonly example: unknown;
}

export interface CallAnswer {
  readonly description: string;
  /** Headers beside those of every answer, of those in ANSWER_HEADERS. */
  readonly headers?: readonly AnswerHeaderName[];
  /** Nothing is sent where it is left out. */
  readonly json?: { readonly schema: z.ZodType; readonly example: unknown };
  /** Of what is no JSON: an example of each type that may be asked for. */
  readonly text?: Readonly<Record<string, string>>;
}

/** What requests may say in headers. */
export const HEADERS = {
  'Idempotency-Key':
    '1 to 255 printable ASCII characters, bare or quoted. The same request is counted once, and answered the same again.',
  'If-Match': 'Entity tags, or *: only where the counter is at one of these versions, or exists.',
  'If-None-Match': '*: only where there is no counter of this name. Of a read: entity tags, 304 where one is present.',
} as const;

export type HeaderName = keyof typeof HEADERS;

export const ANSWER_HEADERS = {
  ETag: 'The version, quoted.',
  'Cache-Status': 'Where the answer came from (RFC 9211).',
  'Idempotent-Replayed': '"true" where the request was answered before, and this is that answer.',
  Link: 'With rel="next": the following page.',
  Location: 'Where to look for what became of it.',
} as const;

export type AnswerHeaderName = keyof typeof ANSWER_HEADERS;
