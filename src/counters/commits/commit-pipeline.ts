import { Injectable } from '@nestjs/common';
import { WriteSettings } from '../../config/config.js';
import { Commits } from './commits.js';
import { DecisionLane } from './decision-lane.js';
import { KeyInProgress, Unavailable } from '../../domain/errors.js';
import { fingerprintOf } from './fingerprint.js';
import { Shares } from '../shares.js';
import { IncrementLanes } from './increment-lanes.js';
import type { Queued } from './lane.js';
import { IncrementRun, type Increments } from './increment-run.js';
import type { PendingIncrement } from './pending-increments.js';
import type { Answer, Counted, Increment, Write } from '../../domain/operation.js';
import { holderOf, keyId, type PendingWrite } from './pending-write.js';
import { Tallies } from '../tallies.js';
import type { BundleVerdict, Transaction, TransactionVerdict } from './verdict.js';
import { Clock } from '../clock.js';
import { Traces } from '../../meters/traces.js';

/** How long a request waits for another one with the same key; a commit takes milliseconds. */
const WAIT_FOR_KEY_MS = 1_000;

/** When a request came, and in which trace: the same for all that it asks for. */
type Arrival = Pick<Queued, 'acceptedAtMs' | 'span'>;

export type UnkeyedIncrement = Write & { readonly operation: Increment; readonly key: null };

/** A request that holds its keys. Hardly ever does anybody wait for one, so there is no promise before somebody does. */
class Running {
  private waiting: (() => void)[] | null = null;

  ended(): Promise<void> {
    return new Promise((resolve) => (this.waiting ??= []).push(resolve));
  }

  end(): void {
    for (const go of this.waiting ?? []) go();
  }
}

/** Where writes become batches: accepted here, committed in a lane, published, and only then answered. */
@Injectable()
export class CommitPipeline extends Commits {
  /** Writes that were accepted and are not answered yet. */
  private readonly unanswered: Shares;
  private readonly keysInProgress = new Map<string, Running>();

  constructor(
    private readonly increments: IncrementLanes,
    private readonly decisions: DecisionLane,
    settings: WriteSettings,
    private readonly tallies: Tallies,
    private readonly clock: Clock,
    private readonly traces: Traces,
  ) {
    super();
    this.unanswered = new Shares(settings.maxQueued);
  }

  override get queueLength(): number {
    return this.unanswered.total;
  }

  override add(write: Write): Promise<Answer> {
    const { key } = write;
    const work = (): Promise<Answer> => this.commit(write);
    return this.accepted(write, 1, key === null ? work : () => this.holdingKeys([keyId(key)], work));
  }

  override async addEach(writes: readonly Write[]): Promise<PromiseSettledResult<Answer>[]> {
    const [first] = writes;
    if (first === undefined) return [];
    if (writes.some(({ key }) => key !== null)) return Promise.allSettled(writes.map((write) => this.add(write)));
    // A thousand promises would cost more than the thousand increments.
    return this.accepted(first, writes.length, () => this.commitEach(writes));
  }

  override async addIncrements(increments: Increments): Promise<readonly Counted[]> {
    const { length } = increments.operations;
    if (length === 0) return [];
    const work = (): Promise<readonly Counted[]> =>
      new Promise((resolve) => {
        const { acceptedAtMs, span } = this.arrival();
        this.increments.add(new IncrementRun(increments, acceptedAtMs, span, resolve));
      });
    return this.accepted(increments, length, work);
  }

  override async addBundle(writes: readonly Write[]): Promise<BundleVerdict> {
    const fingerprints = writes.map(fingerprintIfKeyed);
    const keys = writes.flatMap(({ key }) => (key === null ? [] : [keyId(key)]));
    const work = (): Promise<BundleVerdict> =>
      new Promise((resolve, reject) => {
        this.decisions.add({ writes, fingerprints, ...this.arrival(), size: writes.length, resolve, reject });
      });
    return this.accepted(writes[0], writes.length, () => this.holdingKeys(keys, work));
  }

  /**
   * Commits increments without keys, each for itself, and tells of each when it is answered: a promise for each of them
   * would cost as much as the rest.
   *
   * @param tell is called once for each, with its place
   */
  addTold(writes: readonly UnkeyedIncrement[], tell: (place: number, result: Answer | Error) => void): void {
    const arrival = this.arrival();
    writes.forEach((write, place) => {
      const holder = holderOf(write);
      const end = (result: Answer | Error): void => {
        this.unanswered.remove(holder);
        if (result instanceof Error) this.tallies.noteFailure(result);
        tell(place, result);
      };
      this.unanswered.add(holder);
      if (this.unanswered.allow(holder)) this.enqueue(write, arrival, end, end);
      else end(noRoom());
    });
  }

  override async addTransaction(transaction: Transaction): Promise<TransactionVerdict> {
    const { parts, watched } = transaction;
    const sizes = parts.map((part) => (part.kind === 'writes' ? part.writes.length : part.names.length));
    const size = sizes.reduce((sum, one) => sum + one, watched.size);
    const writes = parts.flatMap((part) => (part.kind === 'writes' ? part.writes : []));
    return this.accepted(writes[0], writes.length, () => {
      return new Promise((resolve, reject) => {
        this.decisions.add({ ...transaction, ...this.arrival(), size, resolve, reject });
      });
    });
  }

  private commit(write: Write): Promise<Answer> {
    return new Promise((resolve, reject) => this.enqueue(write, this.arrival(), resolve, reject));
  }

  private commitEach(writes: readonly Write[]): Promise<PromiseSettledResult<Answer>[]> {
    return new Promise((resolve) => {
      const results = new Array<PromiseSettledResult<Answer>>(writes.length);
      let left = writes.length;
      const arrival = this.arrival();
      const settle = (index: number, result: PromiseSettledResult<Answer>): void => {
        results[index] = result;
        left -= 1;
        if (left === 0) resolve(results);
      };
      writes.forEach((write, index) =>
        this.enqueue(
          write,
          arrival,
          (value) => settle(index, { status: 'fulfilled', value }),
          (reason) => settle(index, { status: 'rejected', reason }),
        ),
      );
    });
  }

  private arrival(): Arrival {
    return { acceptedAtMs: this.clock.monotonicMs(), span: this.traces.current() };
  }

  private enqueue(
    write: Write,
    { acceptedAtMs, span }: Arrival,
    resolve: PendingWrite['resolve'],
    reject: PendingWrite['reject'],
  ): void {
    const fingerprint = fingerprintIfKeyed(write);
    const pending: PendingWrite = { write, fingerprint, acceptedAtMs, size: 1, span, resolve, reject };
    if (isIncrement(pending)) this.increments.add(pending);
    else this.decisions.addWrite(pending);
  }

  /**
   * Counts writes as unanswered until they are answered.
   *
   * @throws Unavailable where there is no room for them
   */
  private async accepted<T>(
    account: Pick<Write, 'creator'> | undefined,
    count: number,
    work: () => Promise<T>,
  ): Promise<T> {
    const holder = account === undefined ? null : holderOf(account);
    this.unanswered.add(holder, count);
    try {
      if (!this.unanswered.allow(holder)) throw noRoom();
      return await work();
    } catch (error) {
      this.tallies.noteFailure(error);
      throw error;
    } finally {
      this.unanswered.remove(holder, count);
    }
  }

  /** Lets no other request with one of these keys in before the work is done. */
  private async holdingKeys<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const deadlineMs = this.clock.monotonicMs() + WAIT_FOR_KEY_MS;
    // Between the last look and the entry below nothing may be awaited, or two requests would get in.
    while (keys.some((key) => this.keysInProgress.has(key))) await this.othersEnded(keys, deadlineMs);
    const running = new Running();
    for (const key of keys) this.keysInProgress.set(key, running);
    try {
      return await work();
    } finally {
      for (const key of keys) this.keysInProgress.delete(key);
      running.end();
    }
  }

  private async othersEnded(keys: readonly string[], deadlineMs: number): Promise<void> {
    const leftMs = deadlineMs - this.clock.monotonicMs();
    if (leftMs <= 0) throw new KeyInProgress('The first request with this idempotency key is still running.');
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => (timer = setTimeout(resolve, leftMs)));
    const others = keys.flatMap((key) => this.keysInProgress.get(key)?.ended() ?? []);
    await Promise.race([Promise.all(others), timeout]);
    clearTimeout(timer);
  }
}

function noRoom(): Unavailable {
  return new Unavailable('Too many writes are waiting; nothing was written.');
}

function fingerprintIfKeyed({ key, operation }: Write): string | null {
  return key === null ? null : fingerprintOf(operation);
}

function isIncrement(pending: PendingWrite): pending is PendingIncrement {
  return pending.write.operation.kind === 'increment';
}
