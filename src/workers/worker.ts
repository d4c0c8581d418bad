import type { Worker as Forked } from 'node:cluster';
import type { Places } from '../app.js';
import { ReceivedCalls } from '../counters/commits/sent/received-calls.js';
import type { CommitPipeline } from '../counters/commits/commit-pipeline.js';
import { type Numbers, risingOf } from '../metrics/numbers.js';
import { closeUntaken } from './untaken-connections.js';
import type { FromWorker, Told, Topic, ToWorker } from './messages.js';

/** A worker that does not say its numbers by then is frozen, or far too busy: what it said last stands for it. */
const TELL_TIMEOUT_MS = 1_000;

/** What a worker is told, and whom its questions go to. */
export interface Ground {
  readonly commits: CommitPipeline;
  readonly begin: ToWorker & { readonly kind: 'begin' };
  /** What all processes say of it. */
  readonly together: (topic: Topic) => Promise<Told>;
  /** Told when that is not to be had. */
  readonly fault: (error: unknown) => void;
}

/** One worker, as the process that commits sees it. */
export class Worker {
  /** Where it listens; null: not yet. */
  places: Places | null = null;
  /** Settles when it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly startedAtMs = performance.now();
  private readonly calls: ReceivedCalls;
  private readonly waiting = new Map<number, (told: Told) => void>();
  private questions = 0;
  /** How often in a row it did not say in time that it still runs. */
  private silences = 0;
  private isAsked = false;
  /** What it said last. */
  private numbers: Numbers | null = null;

  /** @param listens called when it does */
  constructor(
    private readonly forked: Forked,
    private readonly ground: Ground,
    private readonly listens: () => void,
  ) {
    this.calls = new ReceivedCalls(ground.commits, (answers) => this.send(answers));
    closeUntaken(forked);
    forked.on('message', (message: FromWorker) => this.hear(message));
    // A worker that cannot be reached any more is of no use, whatever it does.
    forked.on('disconnect', () => forked.process.kill('SIGKILL'));
    this.ended = new Promise((resolve) => {
      forked.once('exit', (code: number | null, signal: string | null) => resolve({ code, signal }));
      // Where the system had no room for another process, it never was one; other faults are seen by its end.
      forked.on('error', () => {
        if (forked.process.pid === undefined) resolve({ code: null, signal: null });
      });
    });
  }

  get pid(): number | undefined {
    return this.forked.process.pid;
  }

  send(message: ToWorker): void {
    // Whatever becomes of it, a worker that is gone is noticed by its end.
    if (this.forked.isConnected()) this.forked.send(message, () => undefined);
  }

  /**
   * Asks whether it still runs. To be called again and again: what passes while this process stands still counts as once.
   *
   * @returns how often in a row it has not said so until it was asked the next time
   */
  ask(): number {
    this.silences = this.isAsked ? this.silences + 1 : 0;
    // Not again before it has said so: nobody reads what a process that hangs is sent.
    if (!this.isAsked) this.send({ kind: 'alive' });
    this.isAsked = true;
    return this.silences;
  }

  kill(): void {
    this.forked.process.kill('SIGKILL');
  }

  /** What it says of itself; null: nothing that could stand for it. */
  async tell(topic: Topic): Promise<Told | null> {
    const told = await this.answerTo(topic);
    if (told?.topic === 'metrics') this.numbers = told.numbers;
    if (told !== null || topic !== 'metrics' || this.numbers === null) return told;
    return { topic, numbers: this.numbers };
  }

  /** What is to be counted on when it has ended. */
  get rising(): Numbers | null {
    return this.numbers === null ? null : risingOf(this.numbers);
  }

  private answerTo(topic: Topic): Promise<Told | null> {
    const id = this.questions++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(null), TELL_TIMEOUT_MS);
      const end = (told: Told | null): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
        resolve(told);
      };
      this.waiting.set(id, end);
      this.send({ kind: 'tell', id, topic });
    });
  }

  private hear(message: FromWorker): void {
    switch (message.kind) {
      case 'calls':
        this.calls.take(message);
        return;
      case 'here':
        this.send(this.ground.begin);
        return;
      case 'listening':
        this.places = message.places;
        this.listens();
        return;
      case 'alive':
        this.isAsked = false;
        return;
      case 'own':
        this.waiting.get(message.id)?.(message.told);
        return;
      case 'ask': {
        const { id, topic } = message;
        this.ground.together(topic).then(
          (told) => this.send({ kind: 'together', id, told }),
          // Whoever asked is told that there was no answer.
          (error: unknown) => this.ground.fault(error),
        );
      }
    }
  }
}
