/**
 * What a worker and the process that commits for it tell each other: one message a turn of the event loop in either
 * direction, as JSON. What there is most of, increments without keys, goes in columns: to write and read an object for
 * each would cost both sides more than the rest of the message.
 */
import type { Answer, Creator, Increment, Refused, Write } from '../../../domain/operation.js';
import type { BundleVerdict, Part, TransactionVerdict } from '../verdict.js';

/** What arrived at a worker in a turn. */
export interface SentCalls {
  readonly kind: 'calls';
  readonly increments: SentIncrements;
  readonly others: readonly SentCall[];
}

/** Increments without keys that leave the counter's end alone, each a call of its own: the first, the second and so on. */
export interface SentIncrements {
  /** The id of the first, from 0 on; those that follow have the numbers after it. */
  readonly firstId: number;
  readonly names: readonly string[];
  readonly bys: readonly number[];
  /** On whose account each is, as a place in `accounts`, or -1; empty where all are on nobody's. */
  readonly creators: readonly number[];
  readonly accounts: readonly Creator[];
}

/** A call and its id, from -1 down. */
export type SentCall = { readonly id: number } & (
  | { readonly kind: 'add'; readonly write: Write }
  | { readonly kind: 'addEach'; readonly writes: readonly Write[] }
  | ({ readonly kind: 'addRun' } & SentRun)
  | ({ readonly kind: 'addIncrements'; readonly operations: readonly Increment[] } & Account)
  | { readonly kind: 'addBundle'; readonly writes: readonly Write[] }
  | {
      readonly kind: 'addTransaction';
      readonly parts: readonly Part[];
      readonly watched: readonly (readonly [name: string, version: number])[];
    }
);

interface Account {
  readonly creator: Creator | null;
  readonly requestId: string;
}

/** Increments of one caller that leave the ends of counters alone. */
export interface SentRun extends Account {
  readonly names: readonly string[];
  readonly bys: readonly number[];
}

/** What was answered in a turn. */
export interface SentAnswers {
  readonly kind: 'answers';
  readonly counters: readonly SentCounter[];
  /** Increments that were done, four numbers each: the id, the place of the counter, its value and its version. */
  readonly done: readonly number[];
  readonly others: readonly (readonly [id: number, result: SentResult])[];
}

/** What the answers of one counter share. */
export type SentCounter = readonly [
  name: string,
  min: number | null,
  max: number | null,
  expiresAt: string | null,
  createdAt: string,
  updatedAt: string,
];

export type SentResult =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'each'; readonly answers: readonly (Answer | SentError)[] }
  | { readonly kind: 'counted'; readonly counted: readonly SentCounted[] }
  | { readonly kind: 'bundle'; readonly verdict: BundleVerdict }
  | { readonly kind: 'transaction'; readonly verdict: TransactionVerdict }
  | SentError;

export type SentCounted = number | Refused | SentError;

export interface SentError {
  readonly kind: 'error';
  readonly name: 'Unavailable' | 'OutcomeUnknown' | 'KeyReused' | 'KeyInProgress' | 'fault';
  readonly message: string;
  readonly retryAfterSeconds: number;
  /** Why, for the log. */
  readonly cause: string | null;
}
