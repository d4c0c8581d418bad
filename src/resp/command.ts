import type { RULES } from '../access/rules.js';
import type { Reading } from '../counters/counters.service.js';
import type { Increment, Operation, Outcome, Refused } from '../domain/operation.js';
import type { Client } from './client.js';

/** What must be known about a command before it is looked at, and what COMMAND and the documentation tell of it. */
export interface Command {
  /** In small letters. */
  readonly name: string;
  /** Its arguments, its own name included; negative: at least so many. */
  readonly arity: number;
  /** What a key must allow: a rule of access; `open`: nothing, it may come before AUTH. */
  readonly rule: keyof typeof RULES | 'open' | ((args: readonly string[]) => keyof typeof RULES);
  /** Which arguments are names of counters. */
  readonly names: Names | null;
  readonly flags: readonly Flag[];
  readonly group: Group;
  /** One line for people. */
  readonly summary: string;
  /** As redis.io writes it, behind the name. */
  readonly syntax: string;
  /** What it does otherwise than Redis, in one sentence. */
  readonly differs?: string;
  /** Neither names of commands nor their number are what Redis has: it is ours alone. */
  readonly isOurs?: boolean;
  /** What MULTI does with it: left out, it is queued; `now`: it is done at once; `never`: it belongs into no commit. */
  readonly inMulti?: 'now' | 'never';
  /** What is to be done. Throws CommandError for arguments that are none. */
  readonly plan: (args: readonly string[], call: Call) => Step;
}

/** Places of names among the arguments: from `first` to `last` (-1: the last argument), each `step`th. */
export interface Names {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

export type Flag = 'write' | 'readonly' | 'fast' | 'admin' | 'denyoom' | 'noscript' | 'loading' | 'stale' | 'no_auth';

export type Group = 'connection' | 'counting' | 'values' | 'keys' | 'transactions' | 'server' | 'exactly once';

/** Who asks, and the names that are asked for: checked, and covered by the key. */
export interface Call {
  readonly client: Client;
  readonly names: readonly string[];
  /** Whether it is given with an id, to be done once. */
  readonly isOnce: boolean;
}

/** What a command comes down to. */
export type Step =
  /** Answered at once. */
  | { readonly kind: 'told'; readonly answer: string }
  | {
      readonly kind: 'read';
      readonly names: readonly string[];
      readonly answer: (readings: readonly Reading[]) => string;
      /** There are no readings: somebody may have to remember that. */
      readonly failed?: () => void;
    }
  /** Those that follow each other are in flight together. */
  | {
      readonly kind: 'increment';
      readonly operation: Increment;
      /** @param counted the value after it */
      readonly answer: (counted: number | Refused) => string;
    }
  /** Writes that are decided one by one, in order. */
  | {
      readonly kind: 'decided';
      readonly operations: readonly Operation[];
      readonly answer: (outcomes: readonly Outcome[]) => string;
    }
  /** Decided one by one, in one commit: none of it is done where that fails. */
  | {
      readonly kind: 'together';
      readonly operations: readonly Operation[];
      readonly answer: (outcomes: readonly Outcome[]) => string;
    }
  /** All or nothing, refusals included. */
  | {
      readonly kind: 'atomic';
      readonly operations: readonly Operation[];
      readonly answer: (refused: Refused | null) => string;
    }
  /** Nothing else of this connection is under way meanwhile. */
  | { readonly kind: 'alone'; readonly run: () => Promise<string> };

/** What needs nothing but its answer. */
export const told = (answer: string): Step => ({ kind: 'told', answer });

export const ONE_NAME: Names = { first: 1, last: 1, step: 1 };
export const ALL_NAMES: Names = { first: 1, last: -1, step: 1 };
export const NAMES_AND_VALUES: Names = { first: 1, last: -1, step: 2 };
