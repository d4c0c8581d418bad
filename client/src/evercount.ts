import {
  allOf,
  countersOf,
  historiesOf,
  pageOf,
  pointsOf,
  rankingOf,
  readOf,
  resetOf,
  summaryOf,
  writtenOf,
} from './answers.js';
import { checkedBy, checkedKey, checkedName, expiryOf, pathOf } from './counter.js';
import type { Counter, Expiry, KeyedIncrement, Point, Ranking, Read, Summary, WasReset, Written } from './counter.js';
import { EvercountError } from './errors.js';
import { Gatherer, incrementRequest, MAX_ITEMS } from './gatherer.js';
import { conditionOf, keyOf, queryOf } from './options.js';
import type { CallOptions, ConditionalOptions, EvercountOptions, HistoryOptions, IncrementOptions } from './options.js';
import type { ListOptions, ManyOptions, ReadOptions, ResetOptions, SetOptions, SummaryOptions } from './options.js';
import type { TopOptions } from './options.js';
import type { Signal } from './platform.js';
import { timesOf, untilDecided, type Times } from './retry.js';
import { Transport, type Request } from './transport.js';

// This file is what the package offers by its name: what counting takes. The rest has paths of its own, so that pages
// that do without it do not carry it.
export {
  Aborted,
  AccessDenied,
  EvercountError,
  InvalidRequest,
  KeyReused,
  NotFound,
  OutcomeUnknown,
} from './errors.js';
export { OutOfBounds, RateLimited, Unavailable, VersionMismatch } from './errors.js';
export type { BodyFault, ErrorCode, ErrorFacts } from './errors.js';
export type { Counter, Expiry, Period, Point, Ranking, Read, Summary, WasReset, Written } from './counter.js';
export type * from './options.js';
export type { Fetch, Signal } from './platform.js';
export type { RetryOptions } from './retry.js';
export type { Attempt } from './transport.js';

/** One increment of many. */
export interface Increment extends Expiry {
  readonly name: string;
  /** Default 1; may be negative, not 0. */
  readonly by?: number;
  /** Default: the key of the call and the place in it: `key/0`, `key/1`, … */
  readonly idempotencyKey?: string;
}

/** What one increment of many came to. */
export type IncrementResult =
  { readonly ok: true; readonly counter: Written } | { readonly ok: false; readonly error: EvercountError };

/** A lone increment is late by this much; a commit takes about as long. */
const GATHER_MS = 2;
/** Leaves room for the place in the call, `/0` to `/99999`, in the 255 characters that the service takes. */
const MAX_KEY_CHARACTERS_OF_MANY = 249;

/**
 * A client of one service. Every method rejects with an EvercountError only. Writes are tried again under one
 * idempotency key, so that each counts once however often it was sent.
 */
export class Evercount {
  /** @internal */
  readonly transport: Transport;
  /** @internal */
  readonly times: Times;
  private readonly gatherer: Gatherer;
  private readonly gathers: boolean;

  /** @throws TypeError when the URL or the API key cannot be one */
  constructor({ timeoutMs, retry, gatherMs = GATHER_MS, ...transport }: EvercountOptions) {
    this.transport = new Transport(transport);
    this.times = timesOf(timeoutMs, retry);
    this.gatherer = new Gatherer(this.transport, gatherMs, this.times.timeoutMs);
    this.gathers = gatherMs > 0;
  }

  /** @throws NotFound */
  async read(name: string, { signal, ...query }: ReadOptions = {}): Promise<Read> {
    return this.ask(pathOf(name) + queryOf(query), readOf, signal);
  }

  /** Adds `by`, which may be negative, not 0; creates the counter at 0 first. @throws OutOfBounds */
  async increment(name: string, by = 1, options: IncrementOptions = {}): Promise<Written> {
    const key = keyOf(options);
    const increment = { name: checkedName(name), by: checkedBy(by), idempotencyKey: key, ...expiryOf(options) };
    if (this.gathers) return this.gathered(increment, options.signal);
    return this.call(incrementRequest(increment), key, options.signal);
  }

  /** Takes `by` away; the same as an increment by `-by`. @throws OutOfBounds */
  async decrement(name: string, by = 1, options: IncrementOptions = {}): Promise<Written> {
    return this.increment(name, -by, options);
  }

  /** Sets the value to `to` and tells the previous one, in one step. @throws NotFound, OutOfBounds, VersionMismatch */
  async reset(name: string, to = 0, options: ResetOptions = {}): Promise<WasReset> {
    const body = { to, ...expiryOf(options) };
    return this.write(options, { method: 'POST', path: `${pathOf(name)}/reset`, body, result: resetOf });
  }

  /** Sets value and bounds; creates the counter where there is none. @throws OutOfBounds, VersionMismatch */
  async set(name: string, value: number, options: SetOptions = {}): Promise<Written> {
    const body = { value, min: options.min, max: options.max, ...expiryOf(options) };
    return this.write(options, { method: 'PUT', path: pathOf(name), body, result: writtenOf });
  }

  /** @throws NotFound, VersionMismatch */
  async delete(name: string, options: ConditionalOptions = {}): Promise<void> {
    await this.write(options, {
      method: 'DELETE',
      path: pathOf(name),
      result: ({ status }) => (status === 204 ? true : null),
    });
  }

  /** All counters whose names begin with `prefix`, by name, fetched page by page; not a snapshot. */
  async *list({ prefix, pageSize = MAX_ITEMS, signal }: ListOptions = {}): AsyncGenerator<Counter, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.ask(`/v1/counters${queryOf({ limit: pageSize, prefix, cursor })}`, pageOf, signal);
      yield* page.data;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** What the counter came to over time, a point for each interval. @throws NotFound */
  async history(name: string, { signal, ...query }: HistoryOptions = {}): Promise<readonly Point[]> {
    return this.ask(`${pathOf(name)}/history${queryOf({ ...query })}`, pointsOf, signal);
  }

  /** What up to 20 counters came to over time, on one scale, in the order asked; null where there is none. */
  async histories(
    names: readonly string[],
    { signal, ...query }: HistoryOptions = {},
  ): Promise<(readonly Point[] | null)[]> {
    return this.ask(`/v1/history${queryOf({ ...query }, names)}`, (answer) => historiesOf(answer, names), signal);
  }

  /** The first counters by value or by change. */
  async top({ signal, ...query }: TopOptions = {}): Promise<Ranking> {
    return this.ask(`/v1/top${queryOf(query)}`, rankingOf, signal);
  }

  /** How many counters there are, and what they add up to. */
  async summary({ signal, ...query }: SummaryOptions = {}): Promise<Summary> {
    return this.ask(`/v1/summary${queryOf(query)}`, summaryOf, signal);
  }

  /** Many counters in the order asked, null where there is none; not a snapshot. */
  async readMany(names: readonly string[], { signal }: CallOptions = {}): Promise<(Counter | null)[]> {
    const wanted = names.map(checkedName);
    const counters: (Counter | null)[] = [];
    for (let from = 0; from < wanted.length; from += MAX_ITEMS) {
      const body = { names: wanted.slice(from, from + MAX_ITEMS) };
      const request: Request<readonly (Counter | null)[]> = {
        method: 'POST',
        path: '/v1/reads',
        body,
        result: (answer) => countersOf(answer, body.names.length),
      };
      counters.push(...(await this.call(request, null, signal)));
    }
    return counters;
  }

  /** Increments, each decided on its own; the results in order. A malformed one rejects the call, and nothing is sent. */
  async incrementMany(
    increments: readonly Increment[],
    options?: ManyOptions & { atomic?: false },
  ): Promise<IncrementResult[]>;
  /** Increments that are all done or none, up to 1000; the first fault rejects the call. @throws OutOfBounds */
  async incrementMany(increments: readonly Increment[], options: ManyOptions & { atomic: true }): Promise<Written[]>;
  async incrementMany(
    increments: readonly Increment[],
    options: ManyOptions = {},
  ): Promise<IncrementResult[] | Written[]> {
    const key = checkedKey(keyOf(options), MAX_KEY_CHARACTERS_OF_MANY);
    const keyed = increments.map(({ name, by = 1, idempotencyKey, ...more }, index) => ({
      name: checkedName(name),
      by: checkedBy(by),
      idempotencyKey: checkedKey(idempotencyKey ?? `${key}/${index}`),
      ...expiryOf(more),
    }));
    if (options.atomic !== true) {
      return Promise.all(keyed.map((increment) => this.gathered(increment, options.signal).then(done, failed)));
    }
    const request: Request<readonly Written[]> = {
      method: 'POST',
      path: '/v1/increments',
      body: { increments: keyed, atomic: true },
      result: (answer) => allOf(answer, keyed.length),
    };
    return [...(await this.call(request, key, options.signal))];
  }

  private gathered(increment: KeyedIncrement, caller: Signal | undefined): Promise<Written> {
    return untilDecided(this.times, increment.idempotencyKey, caller, (signal) => this.gatherer.add(increment, signal));
  }

  private ask<T>(path: string, result: Request<T>['result'], caller: Signal | undefined): Promise<T> {
    return this.call({ method: 'GET', path, result }, null, caller);
  }

  private write<T>(options: ConditionalOptions, request: Request<T>): Promise<T> {
    const key = keyOf(options);
    const headers = { 'idempotency-key': key, ...conditionOf(options) };
    return this.call({ ...request, headers }, key, options.signal);
  }

  private call<T>(request: Request<T>, key: string | null, caller: Signal | undefined): Promise<T> {
    return untilDecided(this.times, key, caller, (signal) => this.transport.send(request, signal));
  }
}

function done(counter: Written): IncrementResult {
  return { ok: true, counter };
}

function failed(error: unknown): IncrementResult {
  if (error instanceof EvercountError) return { ok: false, error };
  throw error;
}
