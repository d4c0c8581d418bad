import { isCounter } from './answers.js';
import { checkedName, type Counter } from './counter.js';
import type { Evercount } from './evercount.js';
import type { CallOptions } from './options.js';
import type { Signal } from './platform.js';
import { waited } from './retry.js';
import { membersOf, TIME_IS_OVER, type Answer } from './transport.js';

// `evercount-client/watch`.

export interface WatchOptions extends CallOptions {
  /** Up to 1000, as far as the address stays below 8 KB. */
  readonly names?: readonly string[];
  /** All counters whose names begin with one of these, up to 5; '' for all. */
  readonly prefixes?: readonly string[];
}

/** What a stream tells. */
export type Change =
  /** All counters there are of those watched; takes the place of all that was told before, lower versions too. */
  | { readonly kind: 'snapshot'; readonly counters: readonly Counter[] }
  | { readonly kind: 'change'; readonly counter: Counter }
  | { readonly kind: 'deleted'; readonly name: string; readonly version: number }
  /** `polled`: late by a second; `stalled`: the service cannot look; `lost`: it cannot be reached. */
  | { readonly kind: 'status'; readonly feed: 'live' | 'polled' | 'stalled' | 'lost' };

type Chunks = ReadableStreamDefaultReader<Uint8Array>;

/** The service says something every 15 s; whoever is silent for longer is gone. */
const SILENCE_MS = 40_000;

/** Before the first connection after one was lost at most this, doubled for each that fails; the wait is random. */
const FIRST_WAIT_MS = 500;
/** Longer waits would mostly delay the news that the service is back. */
const LONGEST_WAIT_MS = 5_000;

/**
 * Counters as they change: a snapshot first, and what changes from then on. Connects again by itself, for as long as it
 * is iterated over and `signal` does not end it; then it is done, and throws nothing.
 *
 * @throws InvalidRequest, AccessDenied, NotFound where the service refuses it
 */
export async function* watch(
  client: Evercount,
  { names = [], prefixes = [], signal }: WatchOptions,
): AsyncGenerator<Change, void, undefined> {
  const asked = [...names.map((name) => ['name', checkedName(name)]), ...prefixes.map((text) => ['prefix', text])];
  const path = `/v1/stream?${new URLSearchParams(asked).toString()}`;
  for (let failures = 0; ; failures += 1) {
    const connection = connectionOf(signal);
    let waitMs = Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    try {
      const tried = await connection.patiently(
        client.transport.send({ method: 'GET', path, streamed: true, result: chunksOf }, connection.signal),
      );
      if (!tried.ok) {
        if (!tried.retry && !isOver(signal)) throw tried.error;
        waitMs += tried.error.retryAfterMs ?? 0;
      }
      const decoder = new TextDecoder();
      let text = '';
      while (tried.ok) {
        const { value } = await connection.patiently(tried.value.read()).catch(() => ({ value: undefined }));
        if (value === undefined) break;
        const events = (text + decoder.decode(value, { stream: true })).split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const change = changeOf(event);
          if (change === null) continue;
          failures = 0;
          yield change;
        }
      }
    } finally {
      connection.close();
    }
    if (isOver(signal)) return;
    yield { kind: 'status', feed: 'lost' };
    await waited(waitMs, signal);
    if (isOver(signal)) return;
  }
}

function isOver(signal: Signal | undefined): boolean {
  return signal?.aborted === true;
}

/** Ends with the caller's signal, and when what is waited for takes too long. */
function connectionOf(caller: Signal | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (isOver(caller)) abort();
  caller?.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    async patiently<T>(waitedFor: Promise<T>): Promise<T> {
      const timer = setTimeout(() => controller.abort(TIME_IS_OVER), SILENCE_MS);
      try {
        return await waitedFor;
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      caller?.removeEventListener('abort', abort);
      abort();
    },
  };
}

function chunksOf({ headers, body }: Answer): Chunks | null {
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true;
  return isStream ? (body as ReadableStream<Uint8Array>).getReader() : null;
}

/** Null for what tells of no counter: a heartbeat, or that this instance ends. */
function changeOf(event: string): Change | null {
  const kind = /^event: (.*)$/m.exec(event)?.[1];
  const data = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? 'null') as unknown;
  const { name, deleted, version, feed } = membersOf(data);
  if (kind === 'snapshot') return { kind, counters: data as Counter[] };
  if (kind === 'status') return { kind, feed: feed as 'live' };
  if (isCounter(data)) return { kind: 'change', counter: data };
  if (deleted !== true) return null;
  return { kind: 'deleted', name: name as string, version: version as number };
}
