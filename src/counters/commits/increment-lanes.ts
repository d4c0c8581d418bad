import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { WriteSettings } from '../../config/config.js';
import { StoreFailure } from '../../store/failure.js';
import { IdempotencyKeys, type UsedKey } from '../../store/idempotency-keys.js';
import { IncrementBatches } from '../../store/increment-batches.js';
import type { IncrementBatchResult, IncrementKey } from '../../store/increment-codec.js';
import type { StatementTimes } from '../../store/statement-times.js';
import { Changes } from '../changes/changes.js';
import { bucketOf } from '../../domain/bucket.js';
import type { Counter } from '../../domain/counter.js';
import { DecisionLane } from './decision-lane.js';
import { CounterError, OutcomeUnknown } from '../../domain/errors.js';
import { Exposure, type Nonces } from './exposure.js';
import { Lane, NotWritten, spansOf } from './lane.js';
import { NameQuotas } from './name-quotas.js';
import type { Answer, Increment } from '../../domain/operation.js';
import { answerReplays, holderOf, keyId, type PendingWrite, type Replay, tooOld } from './pending-write.js';
import { ANSWER_WITHIN_MS, sendUntilKnown, wasHeldUp } from './resend.js';
import { Tallies } from '../tallies.js';
import { addUp, type AddedUp } from './totals.js';
import { Clock } from '../clock.js';
import { Traces } from '../../meters/traces.js';

/** Increments of a lane in one statement: enough for a thousand waiting clients, and a few milliseconds of Postgres at most. */
const MAX_BATCH = 2_000;

/** Of one key: its new names take Postgres some tens of milliseconds, in which nobody else's increments of the lane are committed. */
const MAX_OF_ONE_KEY = 500;

/** Times a batch is sent anew because of keys that were taken, and were gone when they were looked for. */
const MAX_CONFLICTS = 3;

/** Of a batch without a counter that could take it as a whole. */
const NOTHING: IncrementBatchResult = { applied: new Map(), created: [], used: [], clock: new Date(0).toISOString() };

export type PendingIncrement = PendingWrite & { readonly write: { readonly operation: Increment } };

/**
 * The fast lanes: the sums of a batch, one for each counter, in one statement. Where a sum cannot be applied as a whole
 * the increments of that counter go on to be decided one by one.
 *
 * A counter is always in the same lane, so that its increments stay in order; the commits of different lanes overlap. To
 * Postgres they are like as many instances: their batches share no counter, and what they may share (the keys, the
 * numbers of names) is locked behind all counters, in one order. So no two of them ever wait for each other.
 */
@Injectable()
export class IncrementLanes {
  /** Increments that went on to be decided and are not answered yet, by counter: what came after them must not overtake. */
  private readonly moved = new Map<string, number>();
  private readonly lanes: readonly Lane<PendingIncrement>[];

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
  ) {
    const commit = (batch: readonly PendingIncrement[]) =>
      this.traces.shared('batch', spansOf(batch), () => this.commit(batch));
    this.lanes = Array.from(
      { length: settings.lanes },
      () => new Lane(MAX_BATCH, MAX_OF_ONE_KEY, ({ write }) => holderOf(write), commit),
    );
  }

  add(pending: PendingIncrement): void {
    const { lanes } = this;
    lanes[bucketOf(pending.write.operation.name, lanes.length)]?.add(pending);
  }

  private async commit(batch: readonly PendingIncrement[]): Promise<readonly PendingIncrement[]> {
    let left = batch.filter((pending) => !tooOld(pending, this.clock) && !this.followsOthers(pending));
    const nonces = await this.exposure.leaseWanted(namesOf(left));
    try {
      while (left.length > 0) {
        const sentAtMs = this.clock.monotonicMs();
        const added = addUp(left.map(({ write }) => write));
        const { applied, used, clock } = await this.apply(left, added);
        if (used.length === 0) {
          this.tally(left.length, sentAtMs, added, applied);
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

  /** Sends an increment on to be decided where others of its counter are there already. */
  private followsOthers(pending: PendingIncrement): boolean {
    if (!this.moved.has(pending.write.operation.name)) return false;
    this.moveOn(pending);
    return true;
  }

  private moveOn(pending: PendingIncrement): void {
    const { name } = pending.write.operation;
    this.moved.set(name, (this.moved.get(name) ?? 0) + 1);
    const settled = (): void => {
      const left = (this.moved.get(name) ?? 1) - 1;
      if (left > 0) this.moved.set(name, left);
      else this.moved.delete(name);
    };
    this.decisions.addWrite({
      ...pending,
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
    batch: readonly PendingIncrement[],
    added: AddedUp,
    conflicts = 0,
  ): Promise<IncrementBatchResult> {
    const totals = [...added.totals.values()];
    if (totals.length === 0) return NOTHING;
    const keys = keysOf(batch, added);
    const deadlineMs = Math.min(...batch.map(({ acceptedAtMs }) => acceptedAtMs)) + ANSWER_WITHIN_MS;
    const send = async (barred: ReadonlySet<string>): Promise<IncrementBatchResult> => {
      const { idempotencyTtlHours: keyTtlHours } = this.settings;
      const statement = { id: randomUUID(), totals, barred, keys, keyTtlHours };
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
    return first !== undefined ? { ...NOTHING, used, clock: first.clock } : this.apply(batch, added, conflicts + 1);
  }

  private tally(writes: number, sentAtMs: number, { totals }: AddedUp, applied: ReadonlyMap<string, Counter>): void {
    this.tallies.increments.noteBatch(writes, this.clock.monotonicMs() - sentAtMs);
    for (const { name, count } of totals.values()) if (applied.has(name)) this.tallies.writes.increment += count;
  }

  /** Answers those whose key was used before, and returns the others. */
  private withoutReplays(
    batch: readonly PendingIncrement[],
    used: readonly UsedKey[],
    times: StatementTimes,
  ): PendingIncrement[] {
    const byId = new Map(used.map((key) => [keyId(key), key]));
    const replays: Replay[] = [];
    const others = batch.filter((pending) => {
      const found = pending.write.key === null ? undefined : byId.get(keyId(pending.write.key));
      if (found !== undefined) replays.push({ pending, used: found });
      return found === undefined;
    });
    this.tallies.replays += replays.length;
    for (const part of this.exposure.apart(replays, ({ pending }) => pending.write.operation.name)) {
      void answerReplays(part, (truths) => this.exposure.publish(truths, times));
    }
    return others;
  }

  private async answer(
    batch: readonly PendingIncrement[],
    { running, totals }: AddedUp,
    applied: ReadonlyMap<string, Counter>,
    times: StatementTimes,
    nonces: Nonces,
  ): Promise<void> {
    for (const pending of batch) {
      if (!applied.has(pending.write.operation.name)) this.moveOn(pending);
    }
    const parts = this.exposure.apart([...applied.values()], ({ name }) => name);
    const places = parts.length < 2 ? [batch.keys()] : placesOf(batch, parts);
    await Promise.all(
      parts.map(async (part, index) => {
        const failure = await this.exposure.publish(part, times, nonces).then(
          () => null,
          (error: unknown) => error,
        );
        if (failure === null) this.changes.note(part, times.sentAtMs);
        for (const place of places[index] ?? []) {
          const pending = batch[place];
          const name = pending?.write.operation.name ?? '';
          const [end, total, sofar] = [applied.get(name), totals.get(name), running[place]];
          if (pending === undefined || end === undefined || total === undefined || sofar === undefined) continue;
          if (failure !== null) pending.reject(new OutcomeUnknown('It is committed, but cannot be told safely yet.'));
          // First the value before the batch, which is exact; then what was added up to here.
          else {
            const [value, version] = [end.value - total.sum + sofar.sum, end.version - total.count + sofar.count];
            pending.resolve(answerWith(end, value, version));
          }
        }
      }),
    );
  }

  /** @returns what may be tried again */
  private giveUp(batch: readonly PendingIncrement[], error: unknown): readonly PendingIncrement[] {
    if (error instanceof NotWritten) {
      if (!wasHeldUp(error)) return batch;
      // Whoever holds a key must not hold up those who have none.
      for (const pending of batch) if (pending.write.key !== null) this.decisions.addWrite(pending);
      return batch.filter(({ write }) => write.key === null);
    }
    // Rolled back because of what one of them asked: alone, each fails or succeeds for itself.
    if (error instanceof StoreFailure) batch.forEach((pending) => this.moveOn(pending));
    else batch.forEach((pending) => pending.reject(error instanceof CounterError ? error : new Error(String(error))));
    return [];
  }
}

function keysOf(batch: readonly PendingIncrement[], { running, totals }: AddedUp): IncrementKey[] {
  const keys: IncrementKey[] = [];
  batch.forEach(({ write, fingerprint }, index) => {
    if (write.key === null || fingerprint === null) return;
    const { name } = write.operation;
    const total = totals.get(name);
    const sofar = running[index];
    if (total === undefined || sofar === undefined) return;
    keys.push({
      ...write.key,
      fingerprint,
      name,
      addedAfter: exactDifference(total.sum, sofar.sum),
      changesAfter: total.count - sofar.count,
    });
  });
  return keys;
}

/** A number where it is exact; two safe integers may lie up to 2^54 apart. */
function exactDifference(a: number, b: number): number | bigint {
  const difference = a - b;
  return Number.isSafeInteger(difference) ? difference : BigInt(a) - BigInt(b);
}

function* namesOf(batch: readonly PendingIncrement[]): Generator<string> {
  for (const { write } of batch) yield write.operation.name;
}

function answerWith(end: Counter, value: number, version: number): Answer {
  return {
    outcome: { kind: 'done', truth: { ...end, value, version }, created: false, previous: null },
    replayed: false,
  };
}

/** Where the increments of each part stand in the batch. */
function placesOf(batch: readonly PendingIncrement[], parts: readonly (readonly Counter[])[]): number[][] {
  const partOf = new Map(parts.flatMap((part, index) => part.map(({ name }) => [name, index] as const)));
  const places: number[][] = parts.map(() => []);
  batch.forEach(({ write }, place) => places[partOf.get(write.operation.name) ?? -1]?.push(place));
  return places;
}
