import { Injectable } from '@nestjs/common';
import { WriteSettings } from '../../../config/config.js';
import { OutcomeUnknown, Unavailable } from '../../../domain/errors.js';
import type { Answer, Counted, Write } from '../../../domain/operation.js';
import { Tallies } from '../../tallies.js';
import { Commits } from '../commits.js';
import type { Increments } from '../increment-run.js';
import type { BundleVerdict, Transaction, TransactionVerdict } from '../verdict.js';
import { errorOf } from './errors.js';
import { GatheredCalls, isPlain } from './gathered-calls.js';
import type { SentAnswers, SentCall, SentCalls, SentCounted, SentResult } from './messages.js';

/** A call as it is made, without its id. */
type Call = SentCall extends infer One ? (One extends unknown ? Omit<One, 'id'> : never) : never;

/** A call that waits for its answer. */
interface Unanswered {
  /** How many writes it holds. */
  readonly size: number;
  readonly settle: (result: SentResult) => void;
  readonly reject: (error: Error) => void;
}

/** Sends a message to the process that commits; false: it did not leave this one. */
export type SendCalls = (calls: SentCalls) => boolean;

/**
 * The writes of a worker: those that arrive in one turn of the event loop are sent together to the process that commits
 * for all. It counts how many wait there; here there is only a bound to what is remembered while it is stuck.
 */
@Injectable()
export class SentCommits extends Commits {
  private readonly unanswered = new Map<number, Unanswered>();
  private waiting = 0;
  private gathered: GatheredCalls | null = null;
  private nextIncrement = 0;
  private nextOther = -1;
  /** Null: there is nobody to send to. */
  private send: SendCalls | null = null;

  constructor(
    private readonly settings: WriteSettings,
    private readonly tallies: Tallies,
  ) {
    super();
  }

  override get queueLength(): number {
    return 0;
  }

  /** From now on calls are sent. */
  connect(send: SendCalls): void {
    this.send = send;
  }

  /** The process that commits is gone: whether what was sent has been committed cannot be learned here. */
  disconnect(): void {
    this.send = null;
    this.flush();
    const error = new OutcomeUnknown('The process that commits is gone before it answered.');
    for (const id of [...this.unanswered.keys()]) this.fail(id, error);
  }

  /** What was answered. */
  take({ counters, done, others }: SentAnswers): void {
    for (let at = 0; at < done.length; at += 4) {
      const counter = counters[done[at + 1] ?? NaN];
      const [id, value, version] = [done[at], done[at + 2], done[at + 3]];
      if (counter === undefined || id === undefined || value === undefined || version === undefined) continue;
      const [name, min, max, expiresAt, createdAt, updatedAt] = counter;
      const truth = { name, value, version, min, max, expiresAt, createdAt, updatedAt };
      const answer: Answer = { outcome: { kind: 'done', truth, created: false, previous: null }, replayed: false };
      this.forget(id)?.settle({ kind: 'answer', answer });
    }
    for (const [id, result] of others) {
      if (result.kind === 'error') this.forget(id)?.reject(errorOf(result));
      else this.forget(id)?.settle(result);
    }
  }

  override add(write: Write): Promise<Answer> {
    return isPlain(write)
      ? this.addPlain(write)
      : this.call({ kind: 'add', write }, 1, (result) => (result.kind === 'answer' ? result.answer : null));
  }

  override async addEach(writes: readonly Write[]): Promise<PromiseSettledResult<Answer>[]> {
    if (writes.length === 0) return [];
    return this.call({ kind: 'addEach', writes }, writes.length, (result) => {
      if (result.kind !== 'each') return null;
      return result.answers.map((one) =>
        'kind' in one ? { status: 'rejected', reason: errorOf(one) } : { status: 'fulfilled', value: one },
      );
    });
  }

  override async addIncrements({ operations, creator, requestId }: Increments): Promise<readonly Counted[]> {
    const size = operations.length;
    if (size === 0) return [];
    const countedIn = (result: SentResult): readonly Counted[] | null =>
      result.kind === 'counted' ? result.counted.map(countedOf) : null;
    if (operations.some(({ expiry }) => expiry !== undefined)) {
      return this.call({ kind: 'addIncrements', operations, creator, requestId }, size, countedIn);
    }
    const names = operations.map(({ name }) => name);
    const bys = operations.map(({ by }) => by);
    return this.call({ kind: 'addRun', names, bys, creator, requestId }, size, countedIn);
  }

  override addBundle(writes: readonly Write[]): Promise<BundleVerdict> {
    return this.call({ kind: 'addBundle', writes }, writes.length, (result) =>
      result.kind === 'bundle' ? result.verdict : null,
    );
  }

  override addTransaction({ parts, watched }: Transaction): Promise<TransactionVerdict> {
    const size = parts.reduce((sum, part) => sum + (part.kind === 'writes' ? part.writes.length : 0), 0);
    return this.call({ kind: 'addTransaction', parts, watched: [...watched] }, size, (result) =>
      result.kind === 'transaction' ? result.verdict : null,
    );
  }

  private addPlain({ operation, creator, requestId }: Write): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settle = (result: SentResult): void => {
        if (result.kind !== 'answer') reject(misanswered());
        else resolve(withRequest(result.answer, requestId));
      };
      if (operation.kind !== 'increment' || !this.hasRoom(1, reject)) return;
      const id = this.nextIncrement++;
      this.remember(id, { size: 1, settle, reject });
      this.gather().addIncrement(id, operation.name, operation.by, creator);
    });
  }

  /** @param pick what it came to; null: the answer is one to another kind of call */
  private call<T>(call: Call, size: number, pick: (result: SentResult) => T | null): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.hasRoom(size, reject)) return;
      const id = this.nextOther--;
      const settle = (result: SentResult): void => {
        const picked = pick(result);
        if (picked === null) reject(misanswered());
        else resolve(picked);
      };
      this.remember(id, { size, settle, reject });
      this.gather().add({ ...call, id });
    });
  }

  private hasRoom(size: number, reject: (error: Error) => void): boolean {
    const isThere = this.send !== null;
    if (isThere && this.waiting + size <= this.settings.maxQueued) return true;
    const reason = isThere ? 'Too many writes are waiting' : 'The process that commits is gone';
    this.refuse(new Unavailable(`${reason}; nothing was written.`), reject);
    return false;
  }

  private remember(id: number, unanswered: Unanswered): void {
    this.unanswered.set(id, unanswered);
    this.waiting += unanswered.size;
  }

  private forget(id: number): Unanswered | undefined {
    const found = this.unanswered.get(id);
    if (found === undefined) return undefined;
    this.unanswered.delete(id);
    this.waiting -= found.size;
    return found;
  }

  private gather(): GatheredCalls {
    if (this.gathered === null) {
      this.gathered = new GatheredCalls();
      setImmediate(() => this.flush());
    }
    return this.gathered;
  }

  private flush(): void {
    const { gathered } = this;
    this.gathered = null;
    if (gathered === null || this.send?.(gathered.message) === true) return;
    const error = new Unavailable('The process that commits is gone; nothing was written.');
    for (const id of gathered.ids) this.fail(id, error);
  }

  private fail(id: number, error: Error): void {
    const found = this.forget(id);
    if (found !== undefined) this.refuse(error, found.reject);
  }

  /** What the other process refuses is counted there. */
  private refuse(error: Error, reject: (error: Error) => void): void {
    this.tallies.noteFailure(error);
    reject(error);
  }
}

function withRequest(answer: Answer, requestId: string): Answer {
  const { outcome } = answer;
  return outcome.kind === 'refused' ? { ...answer, outcome: { ...outcome, requestId } } : answer;
}

function countedOf(counted: SentCounted): Counted {
  return typeof counted === 'object' && counted.kind === 'error' ? errorOf(counted) : counted;
}

function misanswered(): Error {
  return new Error('the process that commits answered another kind of call');
}
