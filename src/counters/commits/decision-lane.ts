import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { WriteSettings } from '../../config/config.js';
import { type Decided, DecidedBatches } from '../../store/decided-batches.js';
import { StoreFailure } from '../../store/failure.js';
import { Changes } from '../changes/changes.js';
import type { Truth } from '../../domain/counter.js';
import { CounterError, KeyInProgress, OutcomeUnknown } from '../../domain/errors.js';
import { Exposure, type Nonces } from './exposure.js';
import { Lane, NotWritten, type Queued } from './lane.js';
import { holderOf, keyReused, type PendingWrite, tooOld } from './pending-write.js';
import { ANSWER_WITHIN_MS, sendUntilKnown, wasHeldUp } from './resend.js';
import { Tallies } from '../tallies.js';
import { Ruling, type Bundle, type Verdict } from './verdict.js';

/** Writes in one transaction: rows stay locked while they are decided here, so fewer than in the fast lane. */
const MAX_BATCH = 500;

/** Of one key, but for a bundle that has more: what is decided in order takes longer. */
const MAX_OF_ONE_KEY = 200;

/** Times a batch is begun again because somebody created one of its counters, or used one of its keys, meanwhile. */
const MAX_CONFLICTS = 5;

export interface PendingBundle extends Queued, Bundle {
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: Error) => void;
}

/** The exact lane: writes are decided one by one, in order of arrival, under the locks of their rows. */
@Injectable()
export class DecisionLane {
  private readonly lane = new Lane<PendingBundle>(
    MAX_BATCH,
    MAX_OF_ONE_KEY,
    ({ writes: [first] }) => (first === undefined ? null : holderOf(first)),
    (batch) => this.commit(batch),
  );

  constructor(
    private readonly batches: DecidedBatches,
    private readonly exposure: Exposure,
    private readonly changes: Changes,
    private readonly tallies: Tallies,
    private readonly settings: WriteSettings,
  ) {}

  add(bundle: PendingBundle): void {
    this.lane.add(bundle);
  }

  /** A bundle of one write, whose refusal is an answer like any other. */
  addWrite({ write, fingerprint, acceptedAtMs, resolve, reject }: PendingWrite): void {
    this.add({
      writes: [write],
      fingerprints: [fingerprint],
      acceptedAtMs,
      size: 1,
      reject,
      resolve: (verdict) => {
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

  private async commit(batch: readonly PendingBundle[]): Promise<readonly PendingBundle[]> {
    const bundles = batch.filter((bundle) => !tooOld(bundle));
    if (bundles.length === 0) return [];
    const nonces = await this.exposure.leaseWanted(namesOf(bundles));
    const sentAtMs = performance.now();
    try {
      const decided = await this.run(bundles);
      const { verdicts } = decided;
      const writes = bundles.reduce((sum, { size }) => sum + size, 0);
      this.tallies.decisions.noteBatch(writes, sentAtMs);
      this.tallies.noteVerdicts(bundles, verdicts);
      void this.answer(bundles, decided, sentAtMs, nonces);
      return [];
    } catch (error) {
      return this.giveUp(bundles, error);
    }
  }

  private async run(bundles: readonly PendingBundle[]): Promise<Decided<Verdict>> {
    const batch = {
      id: randomUUID(),
      names: [...namesOf(bundles)],
      keys: bundles.flatMap(({ writes }) => writes.flatMap(({ key }) => (key === null ? [] : [key]))),
      keyTtlHours: this.settings.idempotencyTtlHours,
      creators: creatorsOf(bundles),
    };
    const deadlineMs = Math.min(...bundles.map(({ acceptedAtMs }) => acceptedAtMs)) + ANSWER_WITHIN_MS;
    const send = (): Promise<Decided<Verdict>> =>
      this.batches.run<Verdict>(batch, (locked) => {
        const ruling = new Ruling(locked);
        const verdicts = bundles.map((bundle) => ruling.decide(bundle));
        return { changed: ruling.changed, creators: ruling.creators, kept: ruling.kept, verdicts };
      });
    // Inside: a conflict must not make it forget a try whose answer was lost.
    return sendUntilKnown(() => againAfterConflicts(send), deadlineMs);
  }

  private async answer(
    bundles: readonly PendingBundle[],
    { verdicts, ended, clock }: Decided<Verdict>,
    sentAtMs: number,
    nonces: Nonces,
  ): Promise<void> {
    try {
      await this.exposure.publish([...ended, ...verdicts.flatMap(truthsOf)], { sentAtMs, clock }, nonces);
      this.changes.note([...ended, ...changedBy(verdicts)], sentAtMs);
      bundles.forEach(({ resolve, reject }, index) => {
        const verdict = verdicts[index];
        if (verdict === undefined) reject(new Error('a write was not decided'));
        else resolve(verdict);
      });
    } catch {
      for (const { reject } of bundles) reject(new OutcomeUnknown('It is decided, but cannot be told safely yet.'));
    }
  }

  /** @returns what may be tried again */
  private async giveUp(bundles: readonly PendingBundle[], error: unknown): Promise<readonly PendingBundle[]> {
    if (bundles.length > 1 && (error instanceof StoreFailure || wasHeldUp(error))) {
      // Alone, each fails or succeeds for itself.
      const undecided: PendingBundle[] = [];
      for (const bundle of bundles) undecided.push(...(await this.commit([bundle])));
      return undecided;
    }
    const keyed = bundles.some(({ writes }) => writes.some(({ key }) => key !== null));
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

async function againAfterConflicts<T>(send: () => Promise<T>): Promise<T> {
  for (let conflicts = 1; ; conflicts += 1) {
    try {
      return await send();
    } catch (error) {
      const again = error instanceof StoreFailure && error.fate === 'conflict' && conflicts < MAX_CONFLICTS;
      if (!again) throw error;
    }
  }
}

function namesOf(bundles: readonly Bundle[]): Set<string> {
  return new Set(bundles.flatMap(({ writes }) => writes.map(({ operation }) => operation.name)));
}

function creatorsOf(bundles: readonly Bundle[]): string[] {
  return [...new Set(bundles.flatMap(({ writes }) => writes.flatMap(({ creator }) => creator?.keyId ?? [])))];
}

function truthsOf(verdict: Verdict): Truth[] {
  switch (verdict.kind) {
    case 'done':
      return verdict.answers.map(({ outcome }) => outcome.truth);
    case 'refused':
      return [verdict.refused.truth];
    case 'key_reused':
      return [];
  }
}

/** A replay changed nothing: what it tells may be long past. */
function* changedBy(verdicts: readonly Verdict[]): Generator<Truth> {
  for (const verdict of verdicts) {
    if (verdict.kind !== 'done') continue;
    for (const { outcome, replayed } of verdict.answers) if (!replayed && outcome.kind === 'done') yield outcome.truth;
  }
}
