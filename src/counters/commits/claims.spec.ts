/** In whatever order tries, commits, lost answers and arrivals come: under one key only one request goes on. */
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { HandClock } from '../../../test/support/hand-clock.js';
import { type Fault, FAULTS, Ledger } from '../../../test/support/ledger.js';
import { Buckets } from '../../domain/bucket.js';
import { KeyReused } from '../../domain/errors.js';
import type { Write } from '../../domain/operation.js';
import { Traces } from '../../meters/traces.js';
import { type KeyClaim, KeyClaims, type WantedKey } from '../../store/key-claims.js';
import { Claims } from './claims.js';
import { keyId } from './pending-write.js';

/** More than once in each pause of a lane. */
const STEP_MS = 20;

/** Nothing is under way for longer: a lane that is silent for so long has forgotten somebody. */
const LONGEST_SILENCE_MS = 20_000;

const UNTIL = '2026-01-03T01:00:00.000Z';

/** Whoever comes first has a key for ever. */
class LedgerClaims extends KeyClaims {
  readonly claims = new Map<string, KeyClaim>();
  /** Of each statement its keys. */
  readonly statements: string[][] = [];

  constructor(private readonly ledger: Ledger) {
    super(new pg.Pool(), undefined as never, undefined as never, undefined as never);
  }

  override claim(_: number, wanted: readonly WantedKey[]): Promise<KeyClaim[]> {
    const keys = wanted.map(keyId);
    this.statements.push(keys);
    return this.ledger.try(`statement ${this.statements.length}`, false, () =>
      wanted.map((key) => {
        const claim = this.claims.get(keyId(key)) ?? { ...key, until: UNTIL, isEnding: false };
        this.claims.set(keyId(key), claim);
        return claim;
      }),
    );
  }
}

interface Asked {
  readonly instance: 0 | 1;
  /** By how much a counter is to be incremented under each of them. */
  readonly keys: readonly { readonly key: string; readonly by: number }[];
}

type Told = Awaited<ReturnType<Claims['each']>> | Error;

/** All requests, through the claims of two instances on one Postgres. */
async function toldOf(scheduler: fc.Scheduler, asked: readonly Asked[], plan: readonly Fault[]) {
  const clock = new HandClock();
  const turn = (what: string): Promise<unknown> => scheduler.schedule(Promise.resolve(), what);
  const store = new LedgerClaims(new Ledger([...plan], turn));
  const settings = { maxQueued: 1_000, idempotencyTtlHours: 24, lanes: 1 };
  const instances = [0, 1].map(() => new Claims(store, settings, new Buckets(2), clock, new Traces(null)));
  const told: Told[] = [];
  asked.forEach(({ instance, keys }, index) => {
    const writes = keys.map(({ key, by }): Write => {
      const operation = { kind: 'increment', name: 'counter', by } as const;
      return { operation, key: { owner: '', key }, creator: null, requestId: '' };
    });
    void turn(`request ${index} comes`)
      .then(() => instances[instance]?.each(writes, { acceptedAtMs: clock.monotonicMs(), span: null }) ?? [])
      .catch((error: unknown) => error as Error)
      .then((answer) => (told[index] = answer));
  });
  const isOver = (): boolean => Object.keys(told).length === asked.length;
  for (let silentMs = 0; silentMs < LONGEST_SILENCE_MS && !isOver(); silentMs += STEP_MS) {
    await endOfTurn();
    while (scheduler.count() > 0) {
      silentMs = 0;
      await scheduler.waitNext(1);
      await endOfTurn();
    }
    clock.pass(STEP_MS);
    await jest.advanceTimersByTimeAsync(STEP_MS);
  }
  return { told, store };
}

const requests = fc.array(
  fc.record<Asked>({
    instance: fc.constantFrom(0, 1),
    keys: fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), by: fc.constantFrom(1, 2) }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  { minLength: 1, maxLength: 6 },
);
const plans = fc.array(fc.constantFrom(...FAULTS), { maxLength: 8 });

describe('claims, in whatever order everything happens', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  it('let one request alone go on under a key, and tell everybody something', async () => {
    const property = fc.asyncProperty(fc.scheduler(), requests, plans, async (scheduler, asked, plan) => {
      const { told, store } = await toldOf(scheduler, asked, plan);
      expect(Object.keys(told)).toHaveLength(asked.length);
      const wentOn = new Map<string, Set<number>>();
      asked.forEach(({ keys }, index) => {
        const answer = told[index] ?? [];
        if (answer instanceof Error) {
          // Of what passes everybody is told as a refusal of his own.
          expect(plan.some((fault) => fault === 'rejected' || fault === 'conflict')).toBe(true);
          return;
        }
        expect(answer).toHaveLength(keys.length);
        keys.forEach(({ key, by }, place) => {
          const write = answer[place];
          if (write instanceof KeyReused) expect(store.claims.has(` ${key}`)).toBe(true);
          else if (!(write instanceof Error)) {
            expect(write?.key).toEqual({ owner: '', key, until: UNTIL });
            wentOn.set(key, (wentOn.get(key) ?? new Set()).add(by));
          }
        });
      });
      for (const requests of wentOn.values()) expect(requests.size).toBe(1);
      for (const keys of store.statements) expect(new Set(keys).size).toBe(keys.length);
      if (plan.length === 0)
        expect(told.flat().filter((one) => one instanceof Error && !(one instanceof KeyReused))).toEqual([]);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});
