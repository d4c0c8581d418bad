import { Injectable } from '@nestjs/common';
import { WriteSettings } from '../../config/config.js';
import { Buckets } from '../../domain/bucket.js';
import { CounterError, KeyInProgress } from '../../domain/errors.js';
import { grouped } from '../../domain/grouped.js';
import type { Write } from '../../domain/operation.js';
import { Traces } from '../../meters/traces.js';
import { isLockTimeout, StoreFailure } from '../../store/failure.js';
import { type KeyClaim, KeyClaims, type WantedKey } from '../../store/key-claims.js';
import { Clock } from '../clock.js';
import type { Holder } from '../shares.js';
import { fingerprintOf } from './fingerprint.js';
import { Lane, type Queued, spansOf } from './lane.js';
import { holderOf, keyId, keyReused, tooOld } from './pending-write.js';
import { Places } from './places.js';

/** Keys in one statement, but for a request that brings more: some milliseconds of Postgres. */
const MAX_BATCH = 1_000;

/** Of one API key. */
const MAX_OF_ONE_KEY = 200;

/** The keys of a request that are in one bucket. */
interface PendingClaims extends Queued {
  readonly wanted: readonly WantedKey[];
  readonly holder: Holder;
  /** Told what they stand for, among others, by `keyId`. */
  readonly resolve: (claims: ReadonlyMap<string, KeyClaim>) => void;
  readonly reject: (error: Error) => void;
}

type Arrival = Pick<Queued, 'acceptedAtMs' | 'span'>;

/**
 * Which request a key stands for, where the truth is divided: what is answered under a key lies in the bucket of the
 * counter, and another request with the same key would not find it from another one. So before anything is written the key
 * is claimed, in a bucket that it has itself. A claim counts nothing, and the same again finds itself: whatever becomes of
 * one, it may be sent again.
 */
@Injectable()
export class Claims {
  /** Whether keys are claimed at all. */
  readonly areMade: boolean;
  private readonly lanes: readonly Lane<PendingClaims>[];

  constructor(
    private readonly store: KeyClaims,
    private readonly settings: WriteSettings,
    private readonly buckets: Buckets,
    private readonly clock: Clock,
    private readonly traces: Traces,
  ) {
    this.areMade = buckets.count > 1;
    const places = new Places(settings.lanes);
    this.lanes = Array.from({ length: this.areMade ? buckets.count : 0 }, (_, bucket) => {
      const commit = (batch: readonly PendingClaims[]) =>
        this.traces.shared('claims', spansOf(batch), () => this.commit(batch, bucket));
      // A batch costs by its keys: nobody is waited for.
      const gathers = () => false;
      return new Lane<PendingClaims>(MAX_BATCH, MAX_OF_ONE_KEY, ({ holder }) => holder, gathers, commit, places);
    });
  }

  /**
   * Claims the keys of writes that came together, all on one account.
   *
   * @returns each write as it goes on, or why it does not: nothing of that one was written
   */
  async each(writes: readonly Write[], arrival: Arrival): Promise<(Write | CounterError)[]> {
    const wanted = writes.map(({ operation, key }) =>
      key === null ? null : { ...key, fingerprint: fingerprintOf(operation) },
    );
    const [first] = writes;
    const holder = first === undefined ? null : holderOf(first);
    const claims = await this.claim(
      wanted.flatMap((one) => one ?? []),
      holder,
      arrival,
    );
    return writes.map((write, index) => {
      const own = wanted[index] ?? null;
      if (own === null) return write;
      const claim = claims.get(keyId(own));
      if (claim === undefined) throw new Error('a key was not claimed');
      if (claim instanceof Error) return claim;
      if (claim.fingerprint !== own.fingerprint) return keyReused();
      if (claim.isEnding) return new KeyInProgress('The time of this idempotency key is ending; in a minute it has.');
      const { owner, key, until } = claim;
      return { ...write, key: { owner, key, until } };
    });
  }

  /** What each key stands for, or why that is not known, by key. */
  private async claim(
    wanted: readonly WantedKey[],
    holder: Holder,
    arrival: Arrival,
  ): Promise<Map<string, KeyClaim | CounterError>> {
    const found = new Map<string, KeyClaim | CounterError>();
    const parts = grouped(wanted, (key) => this.buckets.of(keyId(key)));
    await Promise.all(
      Array.from(parts, async ([bucket, part]) => {
        const claims = await this.claimIn(bucket, { wanted: part, holder, size: part.length, ...arrival });
        for (const key of part) {
          const claim = claims instanceof Error ? claims : claims.get(keyId(key));
          if (claim !== undefined) found.set(keyId(key), claim);
        }
      }),
    );
    return found;
  }

  /** @throws Error where it is no fault of the request, nor one that passes */
  private claimIn(
    bucket: number,
    claims: Omit<PendingClaims, 'resolve' | 'reject'>,
  ): Promise<ReadonlyMap<string, KeyClaim> | CounterError> {
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void => (error instanceof CounterError ? resolve(error) : reject(error));
      this.lanes[bucket]?.add({ ...claims, resolve, reject: refuse });
    });
  }

  private async commit(batch: readonly PendingClaims[], bucket: number): Promise<readonly PendingClaims[]> {
    const left = batch.filter((pending) => !tooOld(pending, this.clock));
    if (left.length === 0) return [];
    // Each key once, or a statement would change a row twice. For whoever came first: the last one put in stays.
    const wanted = new Map(
      left
        .flatMap((pending) => pending.wanted)
        .reverse()
        .map((key) => [keyId(key), key]),
    );
    try {
      const hours = this.settings.idempotencyTtlHours;
      const claims = await this.traces.within('commit', () => this.store.claim(bucket, [...wanted.values()], hours));
      const byKey = new Map(claims.map((claim) => [keyId(claim), claim]));
      for (const { resolve } of left) resolve(byKey);
      return [];
    } catch (error) {
      return this.giveUp(left, bucket, error);
    }
  }

  /** @returns what may be tried again */
  private async giveUp(
    batch: readonly PendingClaims[],
    bucket: number,
    error: unknown,
  ): Promise<readonly PendingClaims[]> {
    if (error instanceof StoreFailure) {
      const isHeld = isLockTimeout(error);
      // Whatever became of it, the same again finds out, until it is too late for whoever waits.
      if (!isHeld && ['not_sent', 'rolled_back', 'unknown'].includes(error.fate)) return batch;
      if (batch.length > 1) {
        // Alone, each fails or succeeds for itself.
        const undecided: PendingClaims[] = [];
        for (const one of batch) undecided.push(...(await this.commit([one], bucket)));
        return undecided;
      }
      if (isHeld) error = new KeyInProgress('The key is held by another request.');
    }
    for (const { reject } of batch) reject(error instanceof CounterError ? error : new Error(String(error)));
    return [];
  }
}
