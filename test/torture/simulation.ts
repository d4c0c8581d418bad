/** Histories that are right by construction: every operation takes effect at one moment between its start and its end. */
import fc from 'fast-check';
import type { FinalTruth, HistoryEntry, ReadOperation, WriteOperation } from './history.js';

export const COUNTER = 'c';

/** One operation of a simulation; operations take effect in order, STEP_NS apart. */
export type Planned =
  | { readonly kind: 'read'; readonly beforeNs: number; readonly afterNs: number }
  | {
      readonly kind: 'write';
      readonly beforeNs: number;
      readonly afterNs: number;
      readonly by: number;
      readonly keyed: boolean;
      /** `late`: it counts after its client gave up. `vanished`: unknown, and it never counts. */
      readonly outcome: 'ok' | 'refused' | 'unknown' | 'late' | 'vanished';
    };

export interface Simulated {
  readonly history: readonly HistoryEntry[];
  readonly truth: FinalTruth;
  /** The value at each version, from 0 on. */
  readonly values: readonly number[];
}

const STEP_NS = 1_000;
const LONGEST_NS = 6_000;

const interval = {
  beforeNs: fc.integer({ min: 1, max: LONGEST_NS }),
  afterNs: fc.integer({ min: 1, max: LONGEST_NS }),
};
const delta = fc.integer({ min: -3, max: 5 }).filter((by) => by !== 0);

/** Plans with the outcomes that the caller wants to see. */
export function plans(...outcomes: (Planned & { kind: 'write' })['outcome'][]): fc.Arbitrary<Planned[]> {
  const read = fc.record({ kind: fc.constant('read' as const), ...interval });
  const write = fc.record({
    kind: fc.constant('write' as const),
    ...interval,
    by: delta,
    keyed: fc.boolean(),
    outcome: fc.constantFrom('ok' as const, 'ok' as const, ...outcomes),
  });
  return fc.array(fc.oneof(read, write), { maxLength: 40 });
}

/** Runs a plan on a counter that is linearizable. */
export function simulate(plan: readonly Planned[]): Simulated {
  const history: HistoryEntry[] = [];
  const values = [0];
  const unknownByKey = new Map<string, { value: number; version: number } | null>();

  plan.forEach((planned, index) => {
    const effectNs = BigInt((index + 10) * STEP_NS);
    const common = { client: index, counter: COUNTER, startNs: effectNs - BigInt(planned.beforeNs) };
    const endNs = effectNs + BigInt(planned.afterNs);
    if (planned.kind === 'read') {
      history.push({ ...common, endNs, kind: 'read', ...newest(values), unverified: false });
      return;
    }
    const { by, outcome } = planned;
    const counts = outcome === 'ok' || outcome === 'unknown' || outcome === 'late';
    if (counts) values.push(newest(values).value + by);
    const key = planned.keyed ? `key-${index}` : null;
    const write = { ...common, kind: 'write', by, key } as const;
    if (outcome === 'ok') {
      history.push({ ...write, endNs, outcome: { kind: 'ok', ...newest(values), replayed: false } });
    } else if (outcome === 'refused') {
      history.push({ ...write, endNs, outcome: { kind: 'refused' } });
    } else {
      if (key !== null) unknownByKey.set(key, counts ? newest(values) : null);
      history.push({ ...write, endNs: outcome === 'late' ? common.startNs : endNs, outcome: { kind: 'unknown' } });
    }
  });
  return { history, values, truth: { ...newest(values), unknownByKey } };
}

function newest(values: readonly number[]): { value: number; version: number } {
  return { value: values.at(-1) ?? 0, version: values.length - 1 };
}

export const isRead = (entry: HistoryEntry): entry is ReadOperation => entry.kind === 'read';

export type Acknowledged = WriteOperation & { readonly outcome: { readonly kind: 'ok' } };

export const isAcknowledged = (entry: HistoryEntry): entry is Acknowledged =>
  entry.kind === 'write' && entry.outcome.kind === 'ok';
