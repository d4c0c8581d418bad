/** What waits is bounded over all lanes together, and a lane that stands still holds up no other. */
import { expect, it } from '@jest/globals';
import {
  type Fault,
  Ledger,
  LedgerDecisions,
  LedgerIncrements,
  LedgerKeys,
  NOT_DIVIDED,
} from '../../../test/support/ledger.js';
import { HandClock } from '../../../test/support/hand-clock.js';
import { bucketOf } from '../../domain/bucket.js';
import { Unavailable } from '../../domain/errors.js';
import type { Answer, Write } from '../../domain/operation.js';
import type { Changes } from '../changes/changes.js';
import { Traces } from '../../meters/traces.js';
import { Tallies } from '../tallies.js';
import { Claims } from './claims.js';
import { CommitPipeline } from './commit-pipeline.js';
import { DecisionLane } from './decision-lane.js';
import type { Exposure } from './exposure.js';
import { IncrementLanes } from './increment-lanes.js';
import { NameQuotas } from './name-quotas.js';

const LANES = 4;
const MAX_QUEUED = 10;

/** A name in each lane. */
const names = Array.from({ length: LANES }, (_, lane) => {
  for (let index = 0; ; index += 1) if (bucketOf(`name ${index}`, LANES) === lane) return `name ${index}`;
});

/**
 * @param isHeld whether the statement that holds a name is to wait until it is let go
 * @param plan what becomes of each try
 */
function pipelineOf(isHeld: (name: string) => boolean, plan: Fault[] = []) {
  const held: (() => void)[] = [];
  const ledger = new Ledger(plan);
  class Increments extends LedgerIncrements {
    override async apply(batch: Parameters<LedgerIncrements['apply']>[0]) {
      if (batch.totals.some(({ name }) => isHeld(name))) await new Promise<void>((resolve) => held.push(resolve));
      return super.apply(batch);
    }
  }
  const clock = new HandClock();
  const traces = new Traces(null);
  const exposure = {
    leaseWanted: () => Promise.resolve(new Map()),
    apart: <T>(items: readonly T[]) => [items],
    publish: () => Promise.resolve(),
  };
  const settings = { maxQueued: MAX_QUEUED, idempotencyTtlHours: 24, lanes: LANES };
  const tallies = new Tallies();
  const changes = { note: () => undefined } as unknown as Changes;
  const shared = [exposure as unknown as Exposure, changes, tallies, settings, clock, traces] as const;
  const decisions = new DecisionLane(new LedgerDecisions(ledger), ...shared);
  const lanes = new IncrementLanes(
    new Increments(ledger),
    new LedgerKeys(ledger),
    decisions,
    new NameQuotas(clock),
    ...shared,
    NOT_DIVIDED,
  );
  const claims = new Claims(undefined as never, settings, NOT_DIVIDED, clock, traces);
  return {
    pipeline: new CommitPipeline(lanes, decisions, claims, settings, tallies, clock, traces),
    letGo: () => held.splice(0).forEach((go) => go()),
  };
}

const write = (name: string) => ({
  operation: { kind: 'increment', name, by: 1 } as const,
  key: null,
  requestId: 'request',
  creator: null,
});

const versionOf = ({ outcome }: Answer): number => outcome.truth.version;

it('as many writes may wait as were allowed, whichever lanes they are in', async () => {
  let isHeld = true;
  const { pipeline, letGo } = pipelineOf(() => isHeld);
  const waiting = Array.from({ length: MAX_QUEUED }, (_, index) => pipeline.add(write(names[index % LANES] ?? '')));
  for (const name of names) await expect(pipeline.add(write(name))).rejects.toThrow(Unavailable);
  expect(pipeline.queueLength).toBe(MAX_QUEUED);

  await new Promise(setImmediate);
  isHeld = false;
  letGo();
  const versions = (await Promise.all(waiting)).map(versionOf);
  expect(versions).toEqual(waiting.map((_, index) => Math.floor(index / LANES) + 1));
  expect(pipeline.queueLength).toBe(0);
});

it('a counter whose row is held by others holds up its own lane alone', async () => {
  const [stuck = '', ...others] = names;
  const { pipeline, letGo } = pipelineOf((name) => name === stuck);
  const first = pipeline.add(write(stuck));
  const second = pipeline.add(write(stuck));
  let isAnswered = false;
  void first.then(() => (isAnswered = true));
  expect((await Promise.all(others.map((name) => pipeline.add(write(name))))).map(versionOf)).toEqual([1, 1, 1]);
  expect(isAnswered).toBe(false);

  letGo();
  expect((await Promise.all([first, second])).map(versionOf)).toEqual([1, 2]);
});

it('writes of a counter stay in order where the first cannot be written yet', async () => {
  const [name = ''] = names;
  // Together, then the first alone; by then the second could be.
  const { pipeline } = pipelineOf(() => false, ['rejected', 'not_sent']);
  const set = (value: number): Write => ({
    ...write(name),
    operation: { kind: 'set', name, value, min: undefined, max: undefined, expiry: undefined, condition: null },
  });
  const answers = await pipeline.addEach([set(1), set(2)]);
  expect(answers).toMatchObject([
    { status: 'fulfilled', value: { outcome: { truth: { value: 1, version: 1 } } } },
    { status: 'fulfilled', value: { outcome: { truth: { value: 2, version: 2 } } } },
  ]);
});
