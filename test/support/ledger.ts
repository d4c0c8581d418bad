/** Postgres as the lanes see it, without a server: what is counted, and tries that meet the faults of a plan. */
import pg from 'pg';
import { Buckets } from '../../src/domain/bucket.js';
import type { Counter } from '../../src/domain/counter.js';
import { keyId } from '../../src/counters/commits/pending-write.js';
import {
  DecidedBatches,
  type Decided,
  type DecidedBatch,
  type Decisions,
  type Locked,
} from '../../src/store/decided-batches.js';
import { StoreFailure } from '../../src/store/failure.js';
import { IdempotencyKeys, type KeptKey, type UsedKey } from '../../src/store/idempotency-keys.js';
import { IncrementBatches } from '../../src/store/increment-batches.js';
import type { IncrementBatch, IncrementBatchResult } from '../../src/store/increment-codec.js';
import { Replication } from '../../src/store/replication.js';
import { Writability } from '../../src/store/writability.js';

/** What becomes of one try: `lost` ones are told to nobody, before the commit, after it, or while it still runs. */
export const FAULTS = [
  'none',
  'not_sent',
  'held',
  'rolled_back',
  'rejected',
  'conflict',
  'lost_before',
  'lost_after',
  'lost_running',
] as const;
export type Fault = (typeof FAULTS)[number];

export const NOW = '2026-01-02T00:00:00.000Z';

/** One bucket. */
export const NOT_DIVIDED = new Buckets(1);

/** Never connected. */
const pool = new pg.Pool();

/** Counters, keys and batches as Postgres keeps them, without bounds; each try meets the next fault of a plan. */
export class Ledger {
  readonly counters = new Map<string, Counter>();
  readonly keys = new Map<string, UsedKey>();
  private readonly batches = new Map<string, unknown>();
  /** Tries that go on although nobody hears of them; another try of the same batch waits for them. */
  private readonly running = new Map<string, Promise<void>>();

  /** @param turn settles when the next thing may happen: a try, a commit, an answer */
  constructor(
    private readonly plan: Fault[],
    private readonly turn: (what: string) => Promise<unknown> = () => Promise.resolve(),
  ) {}

  /**
   * Runs one try; a batch that is there already is answered by what it came to.
   *
   * @param looksAfterConflict whether a conflict is looked into: it may be with this very batch
   */
  async try<T>(id: string, looksAfterConflict: boolean, commit: () => T): Promise<T> {
    const planned = this.plan.shift() ?? 'none';
    const fault = planned === 'conflict' && looksAfterConflict && this.batches.has(id) ? 'none' : planned;
    await this.turn(`a try of ${id}`);
    await this.running.get(id);
    switch (fault) {
      case 'not_sent':
      case 'rolled_back':
      case 'rejected':
      case 'conflict':
        throw new StoreFailure(fault, new Error(fault));
      case 'held':
        throw new StoreFailure('rolled_back', lockTimeout());
      case 'lost_before':
        throw new StoreFailure('unknown', new Error(fault));
      case 'lost_running':
        this.running.set(
          id,
          this.turn(`the commit of ${id}`).then(() => this.commitOnce(id, commit)),
        );
        await this.turn(`the loss of ${id}`);
        throw new StoreFailure('unknown', new Error(fault));
      case 'none':
      case 'lost_after':
        this.commitOnce(id, commit);
        await this.turn(`the answer to ${id}`);
        if (fault === 'lost_after') throw new StoreFailure('unknown', new Error(fault));
        return this.batches.get(id) as T;
    }
  }

  private commitOnce(id: string, commit: () => unknown): void {
    if (!this.batches.has(id)) this.batches.set(id, commit());
  }

  add(name: string, by: number, count: number): Counter {
    const before = this.counters.get(name) ?? { value: 0, version: 0 };
    const [value, version] = [before.value + by, before.version + count];
    const after = { name, value, version, min: null, max: null, expiresAt: null, createdAt: NOW, updatedAt: NOW };
    this.counters.set(name, after);
    return after;
  }

  keep({ owner, key, fingerprint, outcome }: KeptKey): void {
    this.keys.set(keyId({ owner, key }), {
      owner,
      key,
      fingerprint,
      expired: false,
      clock: NOW,
      outcomeFor: () => outcome,
    });
  }

  usedOf(keys: readonly { owner: string; key: string }[]): UsedKey[] {
    return keys.map((key) => this.keys.get(keyId(key))).filter((key) => key !== undefined);
  }
}

function lockTimeout(): Error {
  return Object.assign(new pg.DatabaseError('canceling statement due to lock timeout', 0, 'error'), { code: '55P03' });
}

export class LedgerDecisions extends DecidedBatches {
  constructor(private readonly ledger: Ledger) {
    super(pool, new Replication(pool), new Writability(pool), NOT_DIVIDED);
  }

  override run<V>(batch: DecidedBatch, decide: (locked: Locked) => Decisions<V>): Promise<Decided<V>> {
    return this.ledger.try(batch.id, false, () => {
      const { counters } = this.ledger;
      const truths = new Map(
        batch.names.map((name) => [name, counters.get(name) ?? { name, value: null, version: 0 }] as const),
      );
      const unknown = new Set(batch.names.filter((name) => !counters.has(name)));
      const used = this.ledger.usedOf(batch.keys);
      const decided = decide({ truths, ended: [], unknown, used, namesCreated: new Map(), now: NOW });
      for (const truth of decided.changed) if (truth.value !== null) counters.set(truth.name, truth);
      decided.kept.forEach((key) => this.ledger.keep(key));
      return { verdicts: decided.verdicts, ended: [], clock: NOW };
    });
  }
}

export class LedgerIncrements extends IncrementBatches {
  constructor(private readonly ledger: Ledger) {
    super(pool, new Replication(pool), new Writability(pool));
  }

  override apply({ id, totals, keys }: IncrementBatch): Promise<IncrementBatchResult> {
    return this.ledger.try(id, true, () => {
      const used = this.ledger.usedOf(keys);
      if (used.length > 0) return { applied: new Map(), created: [], used, clock: NOW };
      const applied = new Map(totals.map(({ name, sum, count }) => [name, this.ledger.add(name, sum, count)]));
      for (const { name, addedAfter, changesAfter, ...key } of keys) {
        const end = applied.get(name);
        if (end === undefined) continue;
        const truth = { ...end, value: end.value - Number(addedAfter), version: end.version - changesAfter };
        this.ledger.keep({ ...key, outcome: { kind: 'done', truth, created: false, previous: null } });
      }
      return { applied, created: [], used: [], clock: NOW };
    });
  }
}

export class LedgerKeys extends IdempotencyKeys {
  constructor(private readonly ledger: Ledger) {
    super(pool, new Replication(pool), undefined as never, NOT_DIVIDED);
  }

  override findLive(keys: Parameters<IdempotencyKeys['findLive']>[0]): Promise<UsedKey[]> {
    return Promise.resolve(this.ledger.usedOf(keys));
  }
}
