/**
 * In whatever order tries, commits, lost answers, resends, publishes and arrivals come: each write counts as often as its
 * client was told, in the order in which it came, nobody is told what was not published, and everybody is told something.
 */
import { setImmediate as endOfTurn } from 'node:timers/promises';
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
} from '../../../test/support/ledger.js';
import { Buckets } from '../../domain/bucket.js';
import type { Truth } from '../../domain/counter.js';
import { OutcomeUnknown, Unavailable } from '../../domain/errors.js';
import type { Answer } from '../../domain/operation.js';
import type { Changes } from '../changes/changes.js';
import { Tallies } from '../tallies.js';
import { Traces } from '../../meters/traces.js';
import { DecisionLane } from './decision-lane.js';
import type { Exposure } from './exposure.js';
import { IncrementLanes } from './increment-lanes.js';
import type { PendingIncrement } from './pending-increments.js';
import { NameQuotas } from './name-quotas.js';

/** More than once in each pause of a lane. */
const STEP_MS = 20;

/** Nothing is under way for longer: a lane that is silent for so long has forgotten somebody. */
const LONGEST_SILENCE_MS = 20_000;

/** Two lanes have one and two of them; of four lanes three have one each, as have three of eight buckets. */
const NAMES = ['a', 'b', 'c'] as const;

interface Asked {
  readonly name: string;
  readonly hasKey: boolean;
  readonly lane: 'increments' | 'decisions';
}

/** What may happen, in the order in which the scheduler lets it. */
type Turn = (what: string) => Promise<unknown>;

/** What was brought to the cache, by name; each publish may be refused. */
class Published {
  private readonly versions = new Map<string, number>();

  constructor(
    private readonly turn: Turn,
    private readonly refusals: boolean[],
  ) {}

  versionOf(name: string): number {
    return this.versions.get(name) ?? 0;
  }

  leaseWanted(): Promise<ReadonlyMap<string, string>> {
    return this.turn('a lease').then(() => new Map());
  }

  /** As of a cluster whose every counter is in a unit of its own. */
  apart<T>(items: readonly T[], nameOf: (item: T) => string): T[][] {
    const parts = new Map<string, T[]>();
    for (const item of items) parts.set(nameOf(item), [...(parts.get(nameOf(item)) ?? []), item]);
    return [...parts.values()];
  }

  async publish(truths: readonly Truth[]): Promise<void> {
    await this.turn(`a publish of ${truths.map(({ name, version }) => `${name} v${version}`).join()}`);
    if (this.refusals.shift() === true) throw new Unavailable('refused by the plan');
    for (const { name, version } of truths) this.versions.set(name, Math.max(this.versionOf(name), version));
    await this.turn('the answer to a publish');
  }
}

interface Told {
  readonly answer: Answer | Error;
  /** Whether what it tells had been published. */
  readonly published: boolean;
}

/** One run: all writes through both lanes. */
class Run {
  readonly told: Told[][];
  /** Which of those that were asked came in which order. */
  readonly arrived: number[] = [];
  private readonly clock = new HandClock();
  private readonly turn: Turn = (what) => this.scheduler.schedule(Promise.resolve(), what);
  private readonly published: Published;
  private readonly increments: IncrementLanes;
  private readonly decisions: DecisionLane;
  readonly ledger: Ledger;

  constructor(
    private readonly scheduler: fc.Scheduler,
    private readonly asked: readonly Asked[],
    plan: readonly Fault[],
    refusals: readonly boolean[],
    lanes: number,
    buckets: number,
  ) {
    this.told = asked.map(() => []);
    this.ledger = new Ledger([...plan], this.turn);
    this.published = new Published(this.turn, [...refusals]);
    const exposure = this.published as unknown as Exposure;
    const changes = { note: () => undefined } as unknown as Changes;
    const { clock, ledger } = this;
    const traces = new Traces(null);
    const settings = { maxQueued: 1_000, idempotencyTtlHours: 24, lanes };
    const shared = [exposure, changes, new Tallies(), settings, clock, traces] as const;
    this.decisions = new DecisionLane(new LedgerDecisions(ledger), ...shared);
    this.increments = new IncrementLanes(
      new LedgerIncrements(ledger),
      new LedgerKeys(ledger),
      this.decisions,
      new NameQuotas(clock),
      ...shared,
      new Buckets(buckets),
    );
  }

  async toItsEnd(): Promise<void> {
    this.asked.forEach((_, index) => void this.turn(`write ${index} arrives`).then(() => this.send(index)));
    for (let silentMs = 0; silentMs < LONGEST_SILENCE_MS && !this.isOver(); silentMs += STEP_MS) {
      await endOfTurn();
      while (this.scheduler.count() > 0) {
        silentMs = 0;
        await this.scheduler.waitNext(1);
        await endOfTurn();
      }
      this.clock.pass(STEP_MS);
      await jest.advanceTimersByTimeAsync(STEP_MS);
    }
  }

  private isOver(): boolean {
    return this.scheduler.count() === 0 && this.told.every(({ length }) => length > 0);
  }

  private send(index: number): void {
    const asked = this.asked[index];
    if (asked === undefined) return;
    this.arrived.push(index);
    const { name, hasKey, lane } = asked;
    const key = hasKey ? { owner: '', key: String(index) } : null;
    const note = (answer: Answer | Error): void => {
      const published = answer instanceof Error || this.published.versionOf(name) >= answer.outcome.truth.version;
      this.told[index]?.push({ answer, published });
    };
    const pending: PendingIncrement = {
      write: { operation: { kind: 'increment', name, by: 1 }, key, requestId: 'request', creator: null },
      fingerprint: key === null ? null : key.key,
      acceptedAtMs: this.clock.monotonicMs(),
      size: 1,
      span: null,
      resolve: note,
      reject: note,
    };
    if (lane === 'increments') this.increments.add(pending);
    else this.decisions.addWrite(pending);
  }
}

/** How often what was asked may have been counted, by what was told. */
function countedOf(told: readonly Told[]): { least: number; most: number } {
  const answers = told.map(({ answer }) => answer);
  const least = answers.filter((answer) => !(answer instanceof Error)).length;
  return { least, most: least + answers.filter((answer) => answer instanceof OutcomeUnknown).length };
}

/** The versions that writes without keys were told, in the order in which they came to a lane of a counter. */
function versionsIn({ arrived, told }: Run, asked: readonly Asked[], name: string, lane: Asked['lane']): number[] {
  const own = arrived.filter((index) => {
    const one = asked[index];
    return one?.name === name && one.lane === lane && !one.hasKey;
  });
  return own.flatMap((index) => (told[index] ?? []).flatMap(({ answer }) => versionOf(answer)));
}

function versionOf(answer: Answer | Error): number[] {
  return answer instanceof Error ? [] : [answer.outcome.truth.version];
}

const writes = fc.array(
  fc.record<Asked>({
    name: fc.constantFrom(...NAMES),
    hasKey: fc.boolean(),
    lane: fc.constantFrom('increments', 'decisions'),
  }),
  { minLength: 1, maxLength: 6 },
);
const plans = fc.array(fc.constantFrom(...FAULTS), { maxLength: 8 });
const refusals = fc.array(fc.boolean(), { maxLength: 4 });

describe('in whatever order everything happens', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  it('each write is told once, after it was published, and counted as often as that says', async () => {
    const property = fc.asyncProperty(
      fc.scheduler(),
      writes,
      plans,
      refusals,
      fc.constantFrom(1, 2, 4),
      fc.constantFrom(1, 2, 8),
      async (scheduler, asked, plan, refused, lanes, buckets) => {
        const run = new Run(scheduler, asked, plan, refused, lanes, buckets);
        await run.toItsEnd();
        expect(run.told.map(({ length }) => length)).toEqual(asked.map(() => 1));
        expect(run.told.flat().every(({ published }) => published)).toBe(true);
        for (const name of NAMES) {
          const told = run.told.filter((_, index) => asked[index]?.name === name).flat();
          const { least, most } = countedOf(told);
          const value = run.ledger.counters.get(name)?.value ?? 0;
          expect(value).toBeGreaterThanOrEqual(least);
          expect(value).toBeLessThanOrEqual(most);
          for (const lane of ['increments', 'decisions'] as const) {
            const versions = versionsIn(run, asked, name, lane);
            expect(versions).toEqual(versions.toSorted((one, other) => one - other));
          }
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});
