import { Injectable } from '@nestjs/common';
import { WriteSettings } from '../../config/config.js';
import { Claims } from './claims.js';
import { Commits } from './commits.js';
import { DecisionLane } from './decision-lane.js';
import { KeyReused, Unavailable } from '../../domain/errors.js';
import { fingerprintOf } from './fingerprint.js';
import { Shares } from '../shares.js';
import { KeysInProgress } from './keys-in-progress.js';
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

/** When a request came, and in which trace: the same for all that it asks for. */
type Arrival = Pick<Queued, 'acceptedAtMs' | 'span'>;

export type UnkeyedIncrement = Write & { readonly operation: Increment; readonly key: null };

/** Where writes become batches: accepted here, committed in a lane, published, and only then answered. */
@Injectable()
export class CommitPipeline extends Commits {
  /** Writes that were accepted and are not answered yet. */
  private readonly unanswered: Shares;
  private readonly keysInProgress: KeysInProgress;

  constructor(
    private readonly increments: IncrementLanes,
    private readonly decisions: DecisionLane,
    private readonly claims: Claims,
    settings: WriteSettings,
    private readonly tallies: Tallies,
    private readonly clock: Clock,
    private readonly traces: Traces,
  ) {
    super();
    this.unanswered = new Shares(settings.maxQueued);
    this.keysInProgress = new KeysInProgress(clock);
  }

  override get queueLength(): number {
    return this.unanswered.total;
  }

  override add(write: Write): Promise<Answer> {
    const { key } = write;
    const work = (): Promise<Answer> => this.commit(write);
    if (key === null) return this.accepted(write, 1, work);
    const claimed = this.claims.areMade ? () => this.commitClaimed(write) : work;
    return this.accepted(write, 1, () => this.keysInProgress.holding([keyId(key)], claimed));
  }

  override async addEach(writes: readonly Write[]): Promise<PromiseSettledResult<Answer>[]> {
    const [first] = writes;
    if (first === undefined) return [];
    if (writes.some(({ key }) => key !== null)) {
      if (this.claims.areMade) return this.accepted(first, writes.length, () => this.commitEachClaimed(writes));
      return Promise.allSettled(writes.map((write) => this.add(write)));
    }
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
    const keys = writes.flatMap(({ key }) => (key === null ? [] : [keyId(key)]));
    const isClaimed = this.claims.areMade && keys.length > 0;
    const work = () => (isClaimed ? this.decideClaimed(writes) : this.decide(writes, this.arrival()));
    return this.accepted(writes[0], writes.length, () => this.keysInProgress.holding(keys, work));
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

  private commit(write: Write, arrival = this.arrival()): Promise<Answer> {
    return new Promise((resolve, reject) => this.enqueue(write, arrival, resolve, reject));
  }

  private async commitClaimed(write: Write): Promise<Answer> {
    const arrival = this.arrival();
    const [claimed = write] = await this.claims.each([write], arrival);
    if (claimed instanceof Error) throw claimed;
    return this.commit(claimed, arrival);
  }

  /** All keys are claimed together, so that writes go on in their order. */
  private async commitEachClaimed(writes: readonly Write[]): Promise<PromiseSettledResult<Answer>[]> {
    const arrival = this.arrival();
    const claimed = await this.claims.each(writes, arrival);
    const answers = claimed.map(async (write) => {
      if (write instanceof Error) throw write;
      const { key } = write;
      return key === null
        ? this.commit(write, arrival)
        : this.keysInProgress.holding([keyId(key)], () => this.commit(write, arrival));
    });
    const settled = await Promise.allSettled(answers);
    for (const one of settled) if (one.status === 'rejected') this.tallies.noteFailure(one.reason);
    return settled;
  }

  private decide(writes: readonly Write[], arrival: Arrival): Promise<BundleVerdict> {
    const fingerprints = writes.map(fingerprintIfKeyed);
    return new Promise((resolve, reject) => {
      this.decisions.add({ writes, fingerprints, ...arrival, size: writes.length, resolve, reject });
    });
  }

  private async decideClaimed(writes: readonly Write[]): Promise<BundleVerdict> {
    const arrival = this.arrival();
    const claimed = await this.claims.each(writes, arrival);
    const refusals = claimed.filter((write) => write instanceof Error);
    if (refusals.some((refusal) => refusal instanceof KeyReused)) return { kind: 'key_reused' };
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal;
    return this.decide(
      claimed.filter((write): write is Write => !(write instanceof Error)),
      arrival,
    );
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
