import cluster from 'node:cluster';
import type { Places } from '../app.js';
import type { EmbeddedUrls } from '../config/config.js';
import { Unavailable } from '../domain/errors.js';
import type { SentAnswers, SentCalls } from '../counters/commits/sent/messages.js';
import type { FromWorker, Told, Topic, ToWorker } from './messages.js';

/** The numbers of all processes are there within a second, or the process that commits is held up. */
const ASK_TIMEOUT_MS = 2_500;

/** What a worker does with what it is told. */
export interface Hearer {
  readonly answered: (answers: SentAnswers) => void;
  readonly learned: (refusal: string | null) => void;
  readonly own: (topic: Topic) => Promise<Told>;
  /** It is to answer what it has accepted, and end. */
  readonly end: () => void;
  /** There is nobody any more who commits. */
  readonly gone: () => void;
}

/** The process that commits, as a worker sees it. */
export class Committer {
  private hearer: Hearer | null = null;
  private isGone = false;
  private readonly waiting = new Map<number, (told: Told) => void>();
  private questions = 0;
  private readonly begun: Promise<EmbeddedUrls | null>;

  constructor() {
    this.begun = new Promise((resolve) => {
      process.on('message', (message: ToWorker) => {
        if (message.kind === 'begin') resolve(message.embedded);
        else this.hear(message);
      });
    });
    // Before that of Node, which would end this process at once.
    process.prependListener('disconnect', () => {
      if (cluster.worker !== undefined && this.hearer !== null) cluster.worker.exitedAfterDisconnect = true;
      this.isGone = true;
      this.hearer?.gone();
    });
  }

  /** Where the servers are that it has brought up; null: the environment says where they are. */
  begin(): Promise<EmbeddedUrls | null> {
    this.post({ kind: 'here' });
    return this.begun;
  }

  /** From now on this worker hears what it is told. */
  listen(hearer: Hearer): void {
    this.hearer = hearer;
  }

  /** Tells where this worker listens. */
  tellPlaces(places: Places): void {
    this.post({ kind: 'listening', places });
  }

  /** @returns false: it did not leave this process */
  sendCalls(calls: SentCalls): boolean {
    return this.post(calls);
  }

  /**
   * What all processes say together.
   *
   * @throws Unavailable
   */
  ask(topic: Topic): Promise<Told> {
    const id = this.questions++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Unavailable('The process that commits does not answer.'));
      }, ASK_TIMEOUT_MS);
      this.waiting.set(id, (told) => {
        clearTimeout(timer);
        this.waiting.delete(id);
        resolve(told);
      });
      this.post({ kind: 'ask', id, topic });
    });
  }

  private post(message: FromWorker): boolean {
    if (this.isGone || !process.connected) return false;
    // What becomes of it later is seen by the end of the other process.
    process.send?.(message, undefined, undefined, () => undefined);
    return true;
  }

  private hear(message: Exclude<ToWorker, { readonly kind: 'begin' }>): void {
    switch (message.kind) {
      case 'answers':
        this.hearer?.answered(message);
        return;
      case 'writes':
        this.hearer?.learned(message.refusal);
        return;
      case 'alive':
        this.post({ kind: 'alive' });
        return;
      case 'together':
        this.waiting.get(message.id)?.(message.told);
        return;
      case 'tell': {
        const { id, topic } = message;
        void this.hearer?.own(topic).then((told) => this.post({ kind: 'own', id, told }));
        return;
      }
      case 'end':
        this.hearer?.end();
    }
  }
}
