/** Whatever fails between a lane and the store, and whenever: each write counts as often as its client was told. */
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { HandClock } from '../../../test/support/hand-clock.js';
import {
  type Fault,
  FAULTS,
  Ledger,
  LedgerDecisions,
  LedgerIncrements,
  LedgerKeys,
  NOT_DIVIDED,
} from '../../../test/support/ledger.js';
import type { Changes } from '../changes/changes.js';
import { OutcomeUnknown } from '../../domain/errors.js';
import type { Answer, Counted } from '../../domain/operation.js';
import { Tallies } from '../tallies.js';
import { Traces } from '../../meters/traces.js';
import { DecisionLane } from './decision-lane.js';
import type { Exposure } from './exposure.js';
import { IncrementLanes } from './increment-lanes.js';
import { IncrementRun } from './increment-run.js';
import type { PendingIncrement } from './pending-increments.js';
import { NameQuotas } from './name-quotas.js';

/** Two lanes have one and two of them; of four lanes three have one each. */
const NAMES = ['a', 'b', 'c'] as const;

/** A key that was used before. */
const USED = 'used';
const fingerprintOf = (key: string): string => `of ${key}`;

const exposure = {
  leaseWanted: () => Promise.resolve(new Map<string, string>()),
  apart: <T>(items: readonly T[]) => [items],
  publish: () => Promise.resolve(),
} as unknown as Exposure;
const changes = { note: () => undefined } as unknown as Changes;
const settings = { maxQueued: 1_000, idempotencyTtlHours: 24 };

/** More than once in each pause of a lane. */
const STEP_MS = 20;

interface Asked {
  readonly name: string;
  readonly key: string | null;
  /** `run`: with all others of it, as one; its keys count for nothing. */
  readonly lane: 'increments' | 'decisions' | 'run';
}

/** Sends writes by both lanes, and answers with what each of them was told, as often as it was told something. */
async function tellings(ledger: Ledger, asked: readonly Asked[], lanes: number): Promise<(Answer | Error)[][]> {
  const clock = new HandClock();
  const pass = async (): Promise<void> => {
    clock.pass(STEP_MS);
    await jest.advanceTimersByTimeAsync(STEP_MS);
  };
  const traces = new Traces(null);
  const shared = [exposure, changes, new Tallies(), { ...settings, lanes }, clock, traces] as const;
  const decisions = new DecisionLane(new LedgerDecisions(ledger), ...shared);
  const keys = new LedgerKeys(ledger);
  const batches = new LedgerIncrements(ledger);
  const increments = new IncrementLanes(batches, keys, decisions, new NameQuotas(clock), ...shared, NOT_DIVIDED);
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
      acceptedAtMs: clock.monotonicMs(),
      size: 1,
      span: null,
      resolve: (answer) => told[index]?.push(answer),
      reject: (error) => told[index]?.push(error),
    };
    if (lane === 'increments' || (lane === 'run' && key !== null)) increments.add(pending);
    else if (lane === 'decisions') decisions.addWrite(pending);
  });
  const inRun = asked.flatMap(({ key, lane }, index) => (lane === 'run' && key === null ? [index] : []));
  const operations = inRun.map((index) => ({ kind: 'increment', name: asked[index]?.name ?? '', by: 1 }) as const);
  const settled = (results: readonly Counted[]): void =>
    results.forEach((result, place) => told[inRun[place] ?? -1]?.push(answerOf(result, asked[inRun[place] ?? -1])));
  if (operations.length > 0) {
    const run = { operations, creator: null, requestId: 'request' };
    increments.add(new IncrementRun(run, clock.monotonicMs(), null, settled));
  }
  while (told.some(({ length }) => length === 0)) await pass();
  // What is told a second time comes after all were told once.
  for (let turn = 0; turn < 20; turn += 1) await pass();
  return told;
}

/** As if it had been told apart: each write adds one, so that values are versions here. */
function answerOf(counted: Counted, asked: Asked | undefined): Answer | Error {
  if (counted instanceof Error) return counted;
  if (typeof counted !== 'number') return new Error(counted.detail);
  const truth = { name: asked?.name ?? '', value: null, version: counted };
  return { outcome: { kind: 'done', truth, created: false, previous: null }, replayed: false };
}

/** Sends writes through a store that fails by plan, and compares what was counted with what was told. */
async function expectHonesty(writes: readonly Asked[], plan: readonly Fault[], lanes = 1): Promise<void> {
  const ledger = new Ledger([...plan]);
  // One key was used before, by a write that counted.
  const first = ledger.add('a', 1, 1);
  const outcome = { kind: 'done', truth: first, created: false, previous: null } as const;
  ledger.keep({ owner: '', key: USED, fingerprint: fingerprintOf(USED), outcome });

  const told = await tellings(ledger, writes, lanes);
  expect(told.map(({ length }) => length)).toEqual(writes.map(() => 1));
  for (const name of NAMES) {
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
const inRun: Asked = { name: 'a', key: null, lane: 'run' };
const decision: Asked = { name: 'a', key: null, lane: 'decisions' };

const arbitraryWrite = fc.record<Asked>({
  name: fc.constantFrom(...NAMES),
  key: fc.constant(null),
  lane: fc.constantFrom('increments', 'decisions', 'run', 'run'),
});

describe('writes through a store that fails', () => {
  // Time passes only where somebody waits for it.
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  it.each<[string, Asked[], Fault[]]>([
    ['when they are decided alone, one of them later', [decision, decision], ['held', 'none', 'not_sent']],
    ['after a replay among them was answered', [{ ...increment, key: USED }, increment], ['none', 'rolled_back']],
    ['in a run, behind one that is decided later', [decision, inRun, inRun], ['held', 'rejected', 'none']],
    ['in a conflict with a try whose answer was lost', [decision], ['lost_after', 'conflict', 'not_sent']],
    ['by refusing what it had taken before the answer was lost', [increment], ['lost_after', 'rejected']],
  ])('%s, are told once, and counted as often as that says', (_, writes, plan) => expectHonesty(writes, plan));

  it('at any point, are told once, and counted as often as that says', async () => {
    const writes = fc.array(arbitraryWrite, { minLength: 1, maxLength: 6 });
    const keyed = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });
    const plan = fc.array(fc.constantFrom(...FAULTS), { maxLength: 10 });
    const lanes = fc.constantFrom(1, 2, 4);
    const property = fc.asyncProperty(writes, keyed, plan, lanes, async (all, which, faults, count) => {
      const keyOf = (index: number): string => (index === 0 ? USED : String(index));
      const withKeys = all.map((one, index) =>
        which[index] === true ? { ...one, key: keyOf(index), name: index === 0 ? 'a' : one.name } : one,
      );
      await expectHonesty(withKeys, faults, count);
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
