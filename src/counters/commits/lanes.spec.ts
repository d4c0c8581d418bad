/** Whatever fails between a lane and the store, and whenever: each write counts as often as its client was told. */
import { jest } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import {
  DecidedBatches,
  type Decided,
  type DecidedBatch,
  type Decisions,
  type Locked,
} from '../../store/decided-batches.js';
import { StoreFailure } from '../../store/failure.js';
import { IdempotencyKeys, type KeptKey, type UsedKey } from '../../store/idempotency-keys.js';
import { IncrementBatches } from '../../store/increment-batches.js';
import type { IncrementBatch, IncrementBatchResult } from '../../store/increment-codec.js';
import { Replication } from '../../store/replication.js';
import { Writability } from '../../store/writability.js';
import type { WriteSettings } from '../../config/config.js';
import type { Changes } from '../changes/changes.js';
import type { Counter } from '../../domain/counter.js';
import { OutcomeUnknown } from '../../domain/errors.js';
import type { Answer } from '../../domain/operation.js';
import { Tallies } from '../tallies.js';
import { DecisionLane } from './decision-lane.js';
import type { Exposure } from './exposure.js';
import { IncrementLane, type PendingIncrement } from './increment-lane.js';
import { NameQuotas } from './name-quotas.js';
import { keyId } from './pending-write.js';

/** What becomes of one try: `lost` ones are told to nobody, before the commit or after it. */
const FAULTS = [
  'none',
  'not_sent',
  'held',
  'rolled_back',
  'rejected',
  'conflict',
  'lost_before',
  'lost_after',
] as const;
type Fault = (typeof FAULTS)[number];

/** A key that was used before. */
const USED = 'used';
const fingerprintOf = (key: string): string => `of ${key}`;

const NOW = '2026-01-02T00:00:00.000Z';

/** Never connected. */
const pool = new pg.Pool();

/** Counters, keys and batches as Postgres keeps them, without bounds; each try meets the next fault of a plan. */
class Ledger {
  readonly counters = new Map<string, Counter>();
  readonly keys = new Map<string, UsedKey>();
  private readonly batches = new Map<string, unknown>();

  constructor(private readonly plan: Fault[]) {}

  /**
   * Runs one try; a batch that is there already is answered by what it came to.
   *
   * @param looksAfterConflict whether a conflict is looked into: it may be with this very batch
   */
  async try<T>(id: string, looksAfterConflict: boolean, commit: () => T): Promise<T> {
    const planned = this.plan.shift() ?? 'none';
    const fault = planned === 'conflict' && looksAfterConflict && this.batches.has(id) ? 'none' : planned;
    await Promise.resolve();
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
      case 'none':
      case 'lost_after':
        if (!this.batches.has(id)) this.batches.set(id, commit());
        if (fault === 'lost_after') throw new StoreFailure('unknown', new Error(fault));
        return this.batches.get(id) as T;
    }
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

class LedgerDecisions extends DecidedBatches {
  constructor(private readonly ledger: Ledger) {
    super(pool, new Replication(pool), new Writability(pool));
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

class LedgerIncrements extends IncrementBatches {
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

class LedgerKeys extends IdempotencyKeys {
  constructor(private readonly ledger: Ledger) {
    super(pool, new Replication(pool), undefined as never);
  }

  override findLive(keys: Parameters<IdempotencyKeys['findLive']>[0]): Promise<UsedKey[]> {
    return Promise.resolve(this.ledger.usedOf(keys));
  }
}

const exposure = {
  leaseWanted: () => Promise.resolve(new Map<string, string>()),
  publish: () => Promise.resolve(),
} as unknown as Exposure;
const changes = { note: () => undefined } as unknown as Changes;
const settings: WriteSettings = { maxQueued: 1_000, idempotencyTtlHours: 24 };

interface Asked {
  readonly name: string;
  readonly key: string | null;
  readonly lane: 'increments' | 'decisions';
}

/** Sends writes by both lanes, and answers with what each of them was told, as often as it was told something. */
async function tellings(ledger: Ledger, asked: readonly Asked[]): Promise<(Answer | Error)[][]> {
  const decisions = new DecisionLane(new LedgerDecisions(ledger), exposure, changes, new Tallies(), settings);
  const keys = new LedgerKeys(ledger);
  const batches = new LedgerIncrements(ledger);
  const increments = new IncrementLane(
    batches,
    keys,
    decisions,
    new NameQuotas(),
    exposure,
    changes,
    new Tallies(),
    settings,
  );
  const told: (Answer | Error)[][] = asked.map(() => []);
  asked.forEach(({ name, key, lane }, index) => {
    const pending: PendingIncrement = {
      write: {
        operation: { kind: 'increment', name, by: 1 },
        key: key === null ? null : { owner: '', key },
        requestId: 'request',
        creator: null,
      },
      fingerprint: key === null ? null : fingerprintOf(key),
      acceptedAtMs: performance.now(),
      size: 1,
      resolve: (answer) => told[index]?.push(answer),
      reject: (error) => told[index]?.push(error),
    };
    if (lane === 'increments') increments.add(pending);
    else decisions.addWrite(pending);
  });
  while (told.some(({ length }) => length === 0)) await jest.advanceTimersByTimeAsync(50);
  // What is told a second time comes after all were told once.
  for (let turn = 0; turn < 20; turn += 1) await jest.advanceTimersByTimeAsync(50);
  return told;
}

/** Sends writes through a store that fails by plan, and compares what was counted with what was told. */
async function expectHonesty(writes: readonly Asked[], plan: readonly Fault[]): Promise<void> {
  const ledger = new Ledger([...plan]);
  // One key was used before, by a write that counted.
  const first = ledger.add('a', 1, 1);
  const outcome = { kind: 'done', truth: first, created: false, previous: null } as const;
  ledger.keep({ owner: '', key: USED, fingerprint: fingerprintOf(USED), outcome });

  const told = await tellings(ledger, writes);
  expect(told.map(({ length }) => length)).toEqual(writes.map(() => 1));
  for (const name of ['a', 'b']) {
    const answers = told.flatMap((answer, index) => (writes[index]?.name === name ? answer : []));
    const counted = new Set(answers.flatMap((one) => (one instanceof Error ? [] : [one.outcome.truth.version])));
    if (name === 'a') counted.add(first.version);
    const unknown = answers.filter((one) => one instanceof OutcomeUnknown).length;
    const value = ledger.counters.get(name)?.value ?? 0;
    expect(value).toBeGreaterThanOrEqual(counted.size);
    expect(value).toBeLessThanOrEqual(counted.size + unknown);
  }
}

const increment: Asked = { name: 'a', key: null, lane: 'increments' };
const decision: Asked = { name: 'a', key: null, lane: 'decisions' };

const arbitraryWrite = fc.record<Asked>({
  name: fc.constantFrom('a', 'b'),
  key: fc.constant(null),
  lane: fc.constantFrom('increments', 'decisions'),
});

describe('writes through a store that fails', () => {
  // Time passes only where somebody waits for it; deadlines are left to the real clock, which hardly moves.
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  it.each<[string, Asked[], Fault[]]>([
    ['when they are decided alone, one of them later', [decision, decision], ['held', 'none', 'not_sent']],
    ['after a replay among them was answered', [{ ...increment, key: USED }, increment], ['none', 'rolled_back']],
    ['in a conflict with a try whose answer was lost', [decision], ['lost_after', 'conflict', 'not_sent']],
    ['by refusing what it had taken before the answer was lost', [increment], ['lost_after', 'rejected']],
  ])('%s, are told once, and counted as often as that says', (_, writes, plan) => expectHonesty(writes, plan));

  it('at any point, are told once, and counted as often as that says', async () => {
    const writes = fc.array(arbitraryWrite, { minLength: 1, maxLength: 6 });
    const keyed = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });
    const plan = fc.array(fc.constantFrom(...FAULTS), { maxLength: 10 });
    const property = fc.asyncProperty(writes, keyed, plan, async (all, which, faults) => {
      const keyOf = (index: number): string => (index === 0 ? USED : String(index));
      const withKeys = all.map((one, index) =>
        which[index] === true ? { ...one, key: keyOf(index), name: index === 0 ? 'a' : one.name } : one,
      );
      await expectHonesty(withKeys, faults);
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
