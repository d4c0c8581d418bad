import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { WriteSettings } from '../../config/config.js';
import { StoreFailure } from '../../store/failure.js';
import { IdempotencyKeys, type UsedKey } from '../../store/idempotency-keys.js';
import { IncrementBatches } from '../../store/increment-batches.js';
import type { IncrementBatchResult } from '../../store/increment-codec.js';
import type { StatementTimes } from '../../store/statement-times.js';
import { Changes } from '../changes/changes.js';
import { bucketOf, Buckets } from '../../domain/bucket.js';
import type { Counter } from '../../domain/counter.js';
import { DecisionLane } from './decision-lane.js';
import { CounterError, OutcomeUnknown } from '../../domain/errors.js';
import { Exposure, type Nonces } from './exposure.js';
import { Lane, NotWritten, spansOf } from './lane.js';
import type { Holder } from '../shares.js';
import { NameQuotas } from './name-quotas.js';
import type { Increment } from '../../domain/operation.js';
import {
  addUpAll,
  isKeyed,
  isRun,
  keysOf,
  namesOf,
  type Pending,
  type PendingIncrement,
  sizeOf,
} from './pending-increments.js';
import { Places } from './places.js';
import { Rivals } from './rivals.js';
import { answerReplays, holderOf, keyId, type Replay, tooOld } from './pending-write.js';
import { ANSWER_WITHIN_MS, sendUntilKnown, wasHeldUp } from './resend.js';
import { Tallies } from '../tallies.js';
import { tell } from './tell.js';
import type { AddedUp } from './totals.js';
import { Clock } from '../clock.js';
import { Traces } from '../../meters/traces.js';

/** Increments of a lane in one statement: enough for a thousand waiting clients, and a few milliseconds of Postgres at most. */
const MAX_BATCH = 2_000;

/** Of one key: new names take Postgres some ten milliseconds, in which nobody else's increments of the lane are committed. */
const MAX_OF_ONE_KEY = 200;

/** Times a batch is sent anew because of keys that were taken, and were gone when they were looked for. */
const MAX_CONFLICTS = 3;

/** Of a batch without a counter that could take it as a whole. */
const NOTHING: IncrementBatchResult = { applied: new Map(), created: [], used: [], clock: new Date(0).toISOString() };

/**
 * The fast lanes: the sums of a batch, one for each counter, in one statement. Where a sum cannot be applied as a whole
 * the increments of that counter go on to be decided one by one.
 *
 * A counter is always in the same lane, so that its increments stay in order; the commits of different lanes overlap, and
 * where the truth is divided each bucket has a lane. To Postgres they are like as many instances: their batches share no
 * counter, and what they may share (the keys, the numbers of names) is locked behind all counters, in one order. So no two
 * of them ever wait for each other.
 */
@Injectable()
export class IncrementLanes {
  /** Increments that went on to be decided and are not answered yet, by counter: what came after them must not overtake. */
  private readonly moved = new Map<string, number>();
  private readonly lanes: readonly Lane<Pending>[];

  constructor(
    private readonly batches: IncrementBatches,
    private readonly keys: IdempotencyKeys,
    private readonly decisions: DecisionLane,
    private readonly quotas: NameQuotas,
    private readonly exposure: Exposure,
    private readonly changes: Changes,
    private readonly tallies: Tallies,
    private readonly settings: WriteSettings,
    private readonly clock: Clock,
    private readonly traces: Traces,
    buckets: Buckets,
  ) {
    // A batch is of one bucket; where there is one, its counters are shared out among as many lanes as may commit at once.
    const length = buckets.count === 1 ? settings.lanes : buckets.count;
    const places = new Places(settings.lanes);
    this.lanes = Array.from({ length }, (_, index) => {
      const rivals = new Rivals();
      const isContended = () => rivals.isContended;
      const bucket = buckets.count === 1 ? 0 : index;
      const commit = (batch: readonly Pending[]) =>
        this.traces.shared('batch', spansOf(batch), () => this.commit(batch, bucket, rivals));
      return new Lane<Pending>(MAX_BATCH, MAX_OF_ONE_KEY, accountOf, isContended, commit, places);
    });
  }

  /** Puts it into the lane of its counter. Never throws: what becomes of it, its own `resolve` or `reject` is told. */
  add(pending: Pending): void {
    const { lanes } = this;
    const laneOf = (name: string): number => bucketOf(name, lanes.length);
    if (!isRun(pending)) {
      lanes[laneOf(pending.write.operation.name)]?.add(pending);
      return;
    }
    for (const [lane, part] of pending.partsBy(laneOf)) {
      for (const share of accountOf(part) === null ? [part] : part.partsOf(MAX_OF_ONE_KEY)) lanes[lane]?.add(share);
    }
  }

  private async commit(batch: readonly Pending[], bucket: number, rivals: Rivals): Promise<readonly Pending[]> {
    let left = this.withoutFollowers(batch.filter((pending) => !tooOld(pending, this.clock)));
    const nonces = await this.exposure.leaseWanted(namesOf(left));
    try {
      while (left.length > 0) {
        const sentAtMs = this.clock.monotonicMs();
        const added = addUpAll(left);
        const { applied, used, clock } = await this.apply(left, bucket, added);
        if (used.length === 0) {
          rivals.note(added.totals.values(), applied);
          this.tally(sizeOf(left), sentAtMs, added, applied);
          // Answered while the next batch is being committed.
          void this.answer(left, added, applied, { sentAtMs, clock }, nonces);
          return [];
        }
        left = this.withoutReplays(left, used, { sentAtMs, clock });
      }
      return [];
    } catch (error) {
      return this.giveUp(left, error);
    }
  }

  /** Sends those on to be decided where others of their counter are there already. */
  private withoutFollowers(batch: readonly Pending[]): readonly Pending[] {
    if (this.moved.size === 0) return batch;
    const left: Pending[] = [];
    for (const pending of batch) {
      const parts = isRun(pending) && this.follows(pending.increments.operations) ? pending.members() : [pending];
      for (const part of parts) {
        if (isRun(part) || !this.moved.has(part.write.operation.name)) left.push(part);
        else this.moveOn(part);
      }
    }
    return left;
  }

  private follows(operations: readonly Increment[]): boolean {
    return operations.some(({ name }) => this.moved.has(name));
  }

  private moveOn(pending: PendingIncrement): void {
    const { name } = pending.write.operation;
    this.moved.set(name, (this.moved.get(name) ?? 0) + 1);
    const settled = (): void => {
      const left = (this.moved.get(name) ?? 1) - 1;
      if (left > 0) this.moved.set(name, left);
      else this.moved.delete(name);
    };
    const { write, fingerprint, acceptedAtMs, size, span } = pending;
    this.decisions.addWrite({
      write,
      fingerprint,
      acceptedAtMs,
      size,
      span,
      resolve: (answer) => {
        settled();
        pending.resolve(answer);
      },
      reject: (error) => {
        settled();
        pending.reject(error);
      },
    });
  }

  private async apply(
    batch: readonly Pending[],
    bucket: number,
    added: AddedUp,
    conflicts = 0,
  ): Promise<IncrementBatchResult> {
    const totals = [...added.totals.values()];
    if (totals.length === 0) return NOTHING;
    const keys = keysOf(batch, added);
    const firstAtMs = batch.reduce((first, { acceptedAtMs }) => Math.min(first, acceptedAtMs), Infinity);
    const deadlineMs = firstAtMs + ANSWER_WITHIN_MS;
    const send = async (barred: ReadonlySet<string>): Promise<IncrementBatchResult> => {
      const { idempotencyTtlHours: keyTtlHours } = this.settings;
      const statement = { id: randomUUID(), bucket, totals, barred, keys, keyTtlHours };
      const result = await this.traces.within('commit', () =>
        sendUntilKnown((resent) => this.batches.apply(statement, resent), deadlineMs, this.clock),
      );
      // Before its room is given back.
      this.quotas.note(result.created, added.totals);
      return result;
    };
    try {
      const result = await this.quotas.sending(totals, send);
      if (!result.used.some(({ expired }) => expired)) return result;
    } catch (error) {
      // Somebody else committed one of the keys meanwhile: nothing was applied, and now it can be seen.
      const keyTaken = error instanceof StoreFailure && error.constraint === 'idempotency_keys_pkey';
      if (!keyTaken || conflicts === MAX_CONFLICTS) throw error;
    }
    const used = await this.keys.findLive(keys);
    const [first] = used;
    // None is live any more: the same once again, as a new batch.
    return first !== undefined
      ? { ...NOTHING, used, clock: first.clock }
      : this.apply(batch, bucket, added, conflicts + 1);
  }

  private tally(writes: number, sentAtMs: number, { totals }: AddedUp, applied: ReadonlyMap<string, Counter>): void {
    this.tallies.increments.noteBatch(writes, this.clock.monotonicMs() - sentAtMs);
    for (const { name, count } of totals.values()) if (applied.has(name)) this.tallies.writes.increment += count;
  }

  /** Answers those whose key was used before, and returns the others. */
  private withoutReplays(batch: readonly Pending[], used: readonly UsedKey[], times: StatementTimes): Pending[] {
    const byId = new Map(used.map((key) => [keyId(key), key]));
    const replays: Replay[] = [];
    const others = batch.filter((pending) => {
      if (isRun(pending) || pending.write.key === null) return true;
      const found = byId.get(keyId(pending.write.key));
      if (found === undefined) return true;
      replays.push({ pending, used: found });
      return false;
    });
    this.tallies.replays += replays.length;
    for (const part of this.exposure.apart(replays, ({ pending }) => pending.write.operation.name)) {
      void answerReplays(part, (truths) => this.exposure.publish(truths, times));
    }
    return others;
  }

  private async answer(
    batch: readonly Pending[],
    added: AddedUp,
    applied: ReadonlyMap<string, Counter>,
    times: StatementTimes,
    nonces: Nonces,
  ): Promise<void> {
    if (applied.size < added.counters) this.moveOnAllBut(applied, batch);
    const parts = this.exposure.apart([...applied.values()], ({ name }) => name);
    await Promise.all(
      parts.map(async (part) => {
        const failure = await this.exposure.publish(part, times, nonces).then(
          () => null,
          () => new OutcomeUnknown('It is committed, but cannot be told safely yet.'),
        );
        if (failure === null) this.changes.note(part, times.sentAtMs);
        const ends = parts.length === 1 ? applied : new Map(part.map((end) => [end.name, end]));
        tell(batch, added, ends, failure);
      }),
    );
  }

  /** Sends those on to be decided whose counter did not take the batch. */
  private moveOnAllBut(applied: ReadonlyMap<string, Counter>, batch: readonly Pending[]): void {
    for (const pending of batch) {
      for (const part of isRun(pending) ? pending.members() : [pending]) {
        if (!applied.has(part.write.operation.name)) this.moveOn(part);
      }
    }
  }

  /** @returns what may be tried again */
  private giveUp(batch: readonly Pending[], error: unknown): readonly Pending[] {
    if (error instanceof NotWritten) {
      if (!wasHeldUp(error)) return batch;
      // Whoever holds a key must not hold up those who have none.
      for (const pending of batch) if (isKeyed(pending)) this.decisions.addWrite(pending);
      return batch.filter((pending) => !isKeyed(pending));
    }
    // Rolled back because of what one of them asked: alone, each fails or succeeds for itself.
    if (error instanceof StoreFailure) this.moveOnAllBut(NOTHING.applied, batch);
    else batch.forEach((pending) => pending.reject(error instanceof CounterError ? error : new Error(String(error))));
    return [];
  }
}

function accountOf(pending: Pending): Holder {
  return holderOf(isRun(pending) ? pending.increments : pending.write);
}
