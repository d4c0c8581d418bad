import { resultsOf, writtenOf } from './answers.js';
import { pathOf, type KeyedIncrement, type Written } from './counter.js';
import type { Signal } from './platform.js';
import { within } from './retry.js';
import { ended, type Failed, type Request, type Transport, type Tried } from './transport.js';

/** The most increments that the service takes in one call. */
export const MAX_ITEMS = 1000;

interface Waiting {
  readonly increment: KeyedIncrement;
  readonly signal: Signal;
  readonly answer: (tried: Tried<Written>) => void;
}

/** Sends the increments of a few milliseconds in one call, and gives each caller its own answer. */
export class Gatherer {
  private readonly queue = new Set<Waiting>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly gatherMs: number,
    private readonly timeoutMs: number,
  ) {}

  /** Tries one increment once, together with others; never rejects. */
  add(increment: KeyedIncrement, signal: Signal): Promise<Tried<Written>> {
    return new Promise((answer) => {
      if (signal.aborted) {
        answer(ended(signal, 'unchanged'));
        return;
      }
      const waiting = { increment, signal, answer };
      // Still in the queue: nothing was sent. Otherwise the call goes on for the others.
      const abort = () => answer(ended(signal, this.queue.delete(waiting) ? 'unchanged' : 'unknown'));
      signal.addEventListener('abort', abort, { once: true });
      this.queue.add(waiting);
      if (this.queue.size === MAX_ITEMS) this.flush();
      else this.timer ??= setTimeout(() => this.flush(), this.gatherMs);
    });
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = [...this.queue];
    this.queue.clear();
    if (batch.length > 1) void this.sendTogether(batch);
    else this.sendEach(batch);
  }

  private sendEach(batch: readonly Waiting[]): void {
    for (const { increment, signal, answer } of batch) {
      void this.transport.send(incrementRequest(increment), signal).then(answer);
    }
  }

  private async sendTogether(batch: readonly Waiting[]): Promise<void> {
    const request: Request<readonly Tried<Written>[]> = {
      method: 'POST',
      path: '/v1/increments',
      body: { increments: batch.map(({ increment }) => increment) },
      result: (answer) => resultsOf(answer, batch.length),
    };
    const tried = await within(this.timeoutMs, undefined, (signal) => this.transport.send(request, signal));
    if (tried.ok) tried.value.forEach((result, index) => batch[index]?.answer(result));
    // One counter that the API key may not touch has all refused, though their callers know nothing of each other.
    else if (isRefusedWhole(tried)) this.sendEach(batch);
    else for (const { answer } of batch) answer(tried);
  }
}

/** An increment on its own. */
export function incrementRequest({ name, idempotencyKey, ...body }: KeyedIncrement): Request<Written> {
  return {
    method: 'POST',
    path: `${pathOf(name)}/increment`,
    body,
    headers: { 'idempotency-key': idempotencyKey },
    result: writtenOf,
  };
}

function isRefusedWhole({ error, retry }: Failed): boolean {
  // 401 is about the API key alone; each would get it again.
  return !retry && error.status !== null && error.status >= 400 && error.status !== 401;
}
