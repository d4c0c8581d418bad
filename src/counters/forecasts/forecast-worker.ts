import type * as Augurs from '@bsull/augurs/mstl';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Unavailable } from '../../domain/errors.js';
import type { Fit, Fitted } from './model.js';

/** Fits that wait: some ten seconds of work. */
const MAX_WAITING = 32;

/** Far longer than a fit of four weeks takes, on a machine that is far too busy. */
const FIT_TIMEOUT_MS = 30_000;

const MODULE = createRequire(import.meta.url).resolve('@bsull/augurs/mstl');

interface Answer {
  readonly fitted?: Fitted;
  readonly fault?: string;
}

interface Waiting {
  readonly fit: Fit;
  readonly done: (answer: Answer) => void;
}

/**
 * What runs in the thread. It is handed over as text, so that it needs no file of its own, and so may name nothing of
 * this one.
 */
async function program(): Promise<void> {
  const threads = await import('node:worker_threads');
  const { readFile } = await import('node:fs/promises');
  const { parentPort } = threads;
  const { module } = threads.workerData as { readonly module: string };
  const augurs = (await import(module)) as typeof Augurs;
  await augurs.default({ module_or_path: await readFile(module.replace(/\.js$/, '_bg.wasm')) });
  parentPort?.on('message', ({ series, seasons, horizon, level }: Fit) => {
    const model = augurs.MSTL.ets([...seasons]);
    try {
      model.fit(Float64Array.from(series));
      const { point, intervals } = model.predict(horizon, level);
      if (![...point].every(Number.isFinite)) throw new Error('the model found no numbers');
      const { lower, upper } = intervals ?? { lower: point, upper: point };
      parentPort.postMessage({ fitted: { point: [...point], lower: [...lower], upper: [...upper] } });
    } catch (error) {
      parentPort.postMessage({ fault: String(error) });
    } finally {
      model.free();
    }
  });
}

/** Runs the model in a thread of its own, one fit at a time: requests never wait for it. */
@Injectable()
export class ForecastWorker implements OnApplicationShutdown {
  private worker: Worker | null = null;
  private running: Waiting | null = null;
  private readonly waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | null = null;

  /**
   * @throws Unavailable where too many wait
   * @throws Error where the model finds nothing
   */
  async fit(fit: Fit): Promise<Fitted> {
    if (this.waiting.length >= MAX_WAITING) throw new Unavailable('Too many forecasts are being made.', 5);
    const { fitted, fault } = await new Promise<Answer>((done) => {
      this.waiting.push({ fit, done });
      this.next();
    });
    if (fitted === undefined) throw new Error(`no forecast could be made: ${fault ?? 'the thread ended'}`);
    return fitted;
  }

  async onApplicationShutdown(): Promise<void> {
    const { worker } = this;
    this.end('the service is shutting down');
    for (const { done } of this.waiting.splice(0)) done({ fault: 'the service is shutting down' });
    await worker?.terminate();
  }

  private next(): void {
    if (this.running !== null) return;
    const next = this.waiting.shift();
    if (next === undefined) return;
    this.running = next;
    this.worker ??= this.begin();
    this.timer = setTimeout(() => this.abandon('it took too long'), FIT_TIMEOUT_MS);
    this.worker.postMessage(next.fit);
  }

  private begin(): Worker {
    const worker = new Worker(`(${program.toString()})()`, { eval: true, workerData: { module: MODULE } });
    worker.on('message', (answer: Answer) => this.settle(answer));
    worker.on('error', (error) => this.abandon(String(error)));
    // It holds up no end of the process.
    worker.unref();
    return worker;
  }

  private settle(answer: Answer): void {
    if (this.timer !== null) clearTimeout(this.timer);
    const { running } = this;
    this.running = null;
    running?.done(answer);
    this.next();
  }

  private abandon(fault: string): void {
    void this.worker?.terminate();
    this.end(fault);
    this.next();
  }

  private end(fault: string): void {
    this.worker = null;
    if (this.timer !== null) clearTimeout(this.timer);
    const { running } = this;
    this.running = null;
    running?.done({ fault });
  }
}
