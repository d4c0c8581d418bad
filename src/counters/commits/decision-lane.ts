import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { WriteSettings } from '../../config/config.js';
import { type Decided, DecidedBatches } from '../../store/decided-batches.js';
import { StoreFailure } from '../../store/failure.js';
import { Changes } from '../changes/changes.js';
import type { Truth } from '../../domain/counter.js';
import type { Write } from '../../domain/operation.js';
import { CounterError, KeyInProgress, OutcomeUnknown } from '../../domain/errors.js';
import { Exposure, type Nonces } from './exposure.js';
import { Lane, NotWritten, type Queued, spansOf } from './lane.js';
import { askedKeyOf, holderOf, keyReused, type PendingWrite, tooOld } from './pending-write.js';
import { againAfterConflicts, ANSWER_WITHIN_MS, sendUntilKnown, wasHeldUp } from './resend.js';
import { Tallies } from '../tallies.js';
import {
  type Bundle,
  type BundleVerdict,
  type PartOutcome,
  Ruling,
  type Transaction,
  type TransactionVerdict,
  type Verdict,
} from './verdict.js';
import { Clock } from '../clock.js';
import { Traces } from '../../meters/traces.js';

/** Writes in one transaction: rows stay locked while they are decided here, so fewer than in the fast lane. */
const MAX_BATCH = 500;

/** Of one key, but for a bundle that has more: what is decided in order takes longer. */
const MAX_OF_ONE_KEY = 200;

export interface PendingBundle extends Queued, Bundle {
  readonly resolve: (verdict: BundleVerdict) => void;
  readonly reject: (error: Error) => void;
}

export interface PendingTransaction extends Queued, Transaction {
  readonly resolve: (verdict: TransactionVerdict) => void;
  readonly reject: (error: Error) => void;
}

type Pending = PendingBundle | PendingTransaction;

/** The exact lane: writes are decided one by one, in order of arrival, under the locks of their rows. */
@Injectable()
export class DecisionLane {
  private readonly lane = new Lane<Pending>(
    MAX_BATCH,
    MAX_OF_ONE_KEY,
    (pending) => {
      const [first] = writesIn(pending);
      return first === undefined ? null : holderOf(first);
    },
    // Each is decided by itself: a larger batch holds others up for longer.
    () => false,
    (batch) => this.traces.shared('decisions', spansOf(batch), () => this.commit(batch)),
  );

  constructor(
    private readonly batches: DecidedBatches,
    private readonly exposure: Exposure,
    private readonly changes: Changes,
    private readonly tallies: Tallies,
    private readonly settings: WriteSettings,
    private readonly clock: Clock,
    private readonly traces: Traces,
  ) {}

  /** Puts it behind what waits. Never throws: what becomes of it, its own `resolve` or `reject` is told. */
  add(pending: PendingBundle | PendingTransaction): void {
    this.lane.add(pending);
  }

  /** A bundle of one write, whose refusal is an answer like any other. */
  addWrite({ write, fingerprint, acceptedAtMs, span, resolve, reject }: PendingWrite): void {
    this.add({
      writes: [write],
      fingerprints: [fingerprint],
      acceptedAtMs,
      size: 1,
      span,
      reject,
      resolve: (verdict: BundleVerdict) => {
        switch (verdict.kind) {
          case 'done': {
            verdict.answers.forEach(resolve);
            return;
          }
          case 'refused': {
            resolve({ outcome: verdict.refused, replayed: verdict.replayed });
            return;
          }
          case 'key_reused': {
            reject(keyReused());
            return;
          }
        }
      },
    });
  }

  private async commit(batch: readonly Pending[]): Promise<readonly Pending[]> {
    const bundles = batch.filter((bundle) => !tooOld(bundle, this.clock));
    if (bundles.length === 0) return [];
    const nonces = await this.exposure.leaseWanted(namesOf(bundles));
    const sentAtMs = this.clock.monotonicMs();
    try {
      const decided = await this.run(bundles);
      const { verdicts } = decided;
      const writes = bundles.reduce((sum, { size }) => sum + size, 0);
      this.tallies.decisions.noteBatch(writes, this.clock.monotonicMs() - sentAtMs);
      this.tallies.noteVerdicts(bundles, verdicts);
      void this.answer(bundles, decided, sentAtMs, nonces);
      return [];
    } catch (error) {
      return this.giveUp(bundles, error);
    }
  }

  private async run(bundles: readonly Pending[]): Promise<Decided<Verdict>> {
    const batch = {
      id: randomUUID(),
      names: [...namesOf(bundles)],
      held: bundles.flatMap((one) => (isTransaction(one) ? [...namesIn(one)] : [])),
      keys: bundles.flatMap((one) => writesIn(one).flatMap(askedKeyOf)),
      keyTtlHours: this.settings.idempotencyTtlHours,
      creators: creatorsOf(bundles),
    };
    const deadlineMs = Math.min(...bundles.map(({ acceptedAtMs }) => acceptedAtMs)) + ANSWER_WITHIN_MS;
    const send = (): Promise<Decided<Verdict>> =>
      this.batches.run<Verdict>(batch, (locked) => {
        const ruling = new Ruling(locked);
        const verdicts = bundles.map((one) => (isTransaction(one) ? ruling.transact(one) : ruling.decide(one)));
        const { changed, creators, kept, deeds } = ruling;
        return { changed, creators, kept, deeds, verdicts };
      });
    // Inside: a conflict must not make it forget a try whose answer was lost.
    return this.traces.within('commit', () => sendUntilKnown(() => againAfterConflicts(send), deadlineMs, this.clock));
  }

  private async answer(
    bundles: readonly Pending[],
    { verdicts, ended, clock }: Decided<Verdict>,
    sentAtMs: number,
    nonces: Nonces,
  ): Promise<void> {
    const truths = [...ended, ...verdicts.flatMap(truthsOf)];
    const changed = [...ended, ...changedBy(verdicts)];
    const published = new Map<string, Promise<void>>();
    for (const part of this.exposure.apart(truths, ({ name }) => name)) {
      const names = new Set(part.map(({ name }) => name));
      const done = this.exposure.publish(part, { sentAtMs, clock }, nonces).then(() => {
        this.changes.note(
          changed.filter(({ name }) => names.has(name)),
          sentAtMs,
        );
      });
      // Whoever waits for it is told; of what ended by itself that may be nobody.
      done.catch(() => undefined);
      for (const name of names) published.set(name, done);
    }
    await Promise.all(
      bundles.map(async (one, index) => {
        const verdict = verdicts[index];
        try {
          // What ended by itself was ended for a write of the same name.
          const names = [
            ...namesOf([one]),
            ...(verdict === undefined ? [] : truthsOf(verdict).map(({ name }) => name)),
          ];
          await Promise.all(names.flatMap((name) => published.get(name) ?? []));
          settle(one, verdict);
        } catch {
          one.reject(new OutcomeUnknown('It is decided, but cannot be told safely yet.'));
        }
      }),
    );
  }

  /** @returns what may be tried again */
  private async giveUp(bundles: readonly Pending[], error: unknown): Promise<readonly Pending[]> {
    if (bundles.length > 1 && (error instanceof StoreFailure || wasHeldUp(error))) {
      // Alone, each fails or succeeds for itself; but what is to be tried again is not overtaken by others of its counters.
      const undecided: Pending[] = [];
      const waiting = new Set<string>();
      for (const bundle of bundles) {
        const names = [...namesIn(bundle)];
        const left = names.some((name) => waiting.has(name)) ? [bundle] : await this.commit([bundle]);
        if (left.length > 0) for (const name of names) waiting.add(name);
        undecided.push(...left);
      }
      return undecided;
    }
    const keyed = bundles.some((one) => writesIn(one).some(({ key }) => key !== null));
    if (keyed && wasHeldUp(error)) {
      for (const { reject } of bundles) reject(new KeyInProgress('The counter or the key is held by another request.'));
    } else if (error instanceof NotWritten) {
      return bundles;
    } else {
      for (const { reject } of bundles) reject(error instanceof CounterError ? error : new Error(String(error)));
    }
    return [];
  }
}

function isTransaction(pending: Bundle | Transaction): pending is PendingTransaction {
  return 'parts' in pending;
}

/** Hands out a verdict of the kind that is waited for. */
function settle(pending: Pending, verdict: Verdict | undefined): void {
  const isOfTransaction = verdict?.kind === 'transacted' || verdict?.kind === 'overtaken';
  if (isTransaction(pending) && isOfTransaction) pending.resolve(verdict);
  else if (!isTransaction(pending) && verdict !== undefined && !isOfTransaction) pending.resolve(verdict);
  else pending.reject(new Error('a write was not decided'));
}

function writesIn(pending: Bundle | Transaction): readonly Write[] {
  if (!('parts' in pending)) return pending.writes;
  return pending.parts.flatMap((part) => (part.kind === 'writes' ? part.writes : []));
}

function* namesIn(pending: Bundle | Transaction): Generator<string> {
  for (const { operation } of writesIn(pending)) yield operation.name;
  if (!('parts' in pending)) return;
  for (const part of pending.parts) if (part.kind === 'look') yield* part.names;
  yield* pending.watched.keys();
}

function namesOf(bundles: readonly Pending[]): Set<string> {
  return new Set(bundles.flatMap((one) => [...namesIn(one)]));
}

function creatorsOf(bundles: readonly Pending[]): string[] {
  return [...new Set(bundles.flatMap((one) => writesIn(one).flatMap(({ creator }) => creator?.keyId ?? [])))];
}

function truthsOf(verdict: Verdict | PartOutcome): Truth[] {
  switch (verdict.kind) {
    case 'done':
      return verdict.answers.map(({ outcome }) => outcome.truth);
    case 'refused':
      return [verdict.refused.truth];
    case 'key_reused':
      return [];
    case 'looked':
      return [...verdict.truths];
    case 'transacted':
      return verdict.outcomes.flatMap(truthsOf);
    case 'overtaken':
      return [verdict.truth];
  }
}

/** A replay changed nothing: what it tells may be long past. */
function* changedBy(verdicts: readonly (Verdict | PartOutcome)[]): Generator<Truth> {
  for (const verdict of verdicts) {
    if (verdict.kind === 'transacted') yield* changedBy(verdict.outcomes);
    if (verdict.kind !== 'done') continue;
    for (const { outcome, replayed } of verdict.answers) if (!replayed && outcome.kind === 'done') yield outcome.truth;
  }
}
