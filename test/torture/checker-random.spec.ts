import fc from 'fast-check';
import { check, type Verdict } from './checker.js';
import type { FinalTruth, HistoryEntry } from './history.js';
import { COUNTER, isAcknowledged, isRead, plans, simulate, type Simulated } from './simulation.js';

const RUNS = { numRuns: 300 };
const EVERY_OUTCOME = plans('refused', 'unknown', 'late', 'vanished');

const judge = (history: readonly HistoryEntry[], truth: FinalTruth, limitMs?: number): Verdict =>
  check(history, new Map([[COUNTER, truth]]), limitMs);

const faults = ({ lost, doubled, stale, wrong }: Verdict): number => lost + doubled + stale + wrong;

const shown = (entry: HistoryEntry): number =>
  isRead(entry) ? entry.version : isAcknowledged(entry) ? entry.outcome.version : -1;

/** The highest version shown by anything that ended before `startNs`. */
const floorOf = (history: readonly HistoryEntry[], startNs: bigint): number =>
  Math.max(-1, ...history.filter(({ endNs }) => endNs < startNs).map(shown));

/** Changes one entry; histories without one that fits are skipped. */
function corrupt<E extends HistoryEntry>(
  { history }: Simulated,
  pick: number,
  fits: (entry: HistoryEntry) => entry is E,
  change: (entry: E) => HistoryEntry | null,
): HistoryEntry[] {
  const candidates = history.filter(fits).flatMap((entry) => {
    const changed = change(entry);
    return changed === null ? [] : [{ entry, changed }];
  });
  const chosen = candidates[pick % Math.max(1, candidates.length)];
  fc.pre(chosen !== undefined);
  return history.map((entry) => (entry === chosen.entry ? chosen.changed : entry));
}

describe('the checker', () => {
  it('accepts every history of a linearizable counter', () => {
    fc.assert(
      fc.property(EVERY_OUTCOME, (plan) => {
        const { history, truth } = simulate(plan);
        const verdict = judge(history, truth);
        expect(verdict.violations).toEqual([]);
        expect(verdict).toMatchObject({ checked: history.length, lost: 0, doubled: 0, stale: 0, wrong: 0 });
      }),
      { numRuns: 1_500 },
    );
  });

  it('accepts a history in any order of recording', () => {
    const shuffled = EVERY_OUTCOME.map(simulate).chain((simulated) =>
      fc.tuple(
        fc.constant(simulated),
        fc.shuffledSubarray([...simulated.history], { minLength: simulated.history.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([{ truth }, history]) => expect(judge(history, truth).violations).toEqual([])),
      RUNS,
    );
  });

  it('finds each stale read, and by how many versions', () => {
    const flagged = fc.property(EVERY_OUTCOME, fc.nat(), fc.nat(), (plan, pick, back) => {
      const simulated = simulate(plan);
      let expected = 0;
      const history = corrupt(simulated, pick, isRead, (read) => {
        const floor = floorOf(simulated.history, read.startNs);
        if (floor < 1) return null;
        const version = back % floor;
        return { ...read, version, value: simulated.values[version] ?? 0 };
      });
      const stale = history.find((entry, index) => entry !== simulated.history[index]);
      if (stale !== undefined) expected = floorOf(history, stale.startNs) - shown(stale);
      expect(judge(history, simulated.truth)).toMatchObject({ stale: 1, worstStaleVersions: expected });
    });
    fc.assert(flagged, RUNS);
  });

  it('accepts a stale read that is marked unverified, within the bound and not beyond it', () => {
    const bounded = fc.property(EVERY_OUTCOME, fc.nat(), (plan, pick) => {
      const simulated = simulate(plan);
      const history = corrupt(simulated, pick, isRead, (read) =>
        floorOf(simulated.history, read.startNs) < 1 ? null : { ...read, version: 0, value: 0, unverified: true },
      );
      const within = judge(history, simulated.truth);
      expect(within).toMatchObject({ stale: 0, unverifiedReads: 1 });
      expect(within.worstUnverifiedMs).toBeGreaterThan(0);
      expect(judge(history, simulated.truth, within.worstUnverifiedMs / 2).stale).toBe(1);
    });
    fc.assert(bounded, RUNS);
  });

  it('finds a read of what had not been written yet', () => {
    const flagged = fc.property(EVERY_OUTCOME, fc.nat(), (plan, pick) => {
      const simulated = simulate(plan);
      const history = corrupt(simulated, pick, isRead, (read) => {
        const later = simulated.history.filter(isAcknowledged).find(({ startNs }) => startNs > read.endNs);
        return later === undefined ? null : { ...read, value: later.outcome.value, version: later.outcome.version };
      });
      expect(judge(history, simulated.truth).wrong).toBeGreaterThan(0);
    });
    fc.assert(flagged, RUNS);
  });

  it('finds an acknowledged write that the truth lost', () => {
    const flagged = fc.property(EVERY_OUTCOME, (plan) => {
      const { history, truth, values } = simulate(plan);
      const newest = history.filter(isAcknowledged).find(({ outcome }) => outcome.version === truth.version);
      fc.pre(newest !== undefined);
      const rolledBack = { ...truth, version: truth.version - 1, value: values[truth.version - 1] ?? 0 };
      expect(judge(history, rolledBack).lost).toBeGreaterThan(0);
    });
    fc.assert(flagged, RUNS);
  });

  it('finds a write that counted twice', () => {
    // What nobody can know may hide a second count; so no write without a key stays unknown here.
    const flagged = fc.property(plans('refused'), fc.nat(), (plan, pick) => {
      const { history, truth } = simulate(plan);
      const writes = history.filter(isAcknowledged);
      const twice = writes[pick % Math.max(1, writes.length)];
      fc.pre(twice !== undefined);
      const { by, outcome } = twice;
      const moved = <T extends { value: number; version: number }>(at: T): T =>
        at.version > outcome.version ? { ...at, value: at.value + by, version: at.version + 1 } : at;
      const shifted = history.map((entry): HistoryEntry => {
        if (isRead(entry)) return moved(entry);
        return isAcknowledged(entry) ? { ...entry, outcome: moved(entry.outcome) } : entry;
      });
      const doubled = { ...truth, value: truth.value + by, version: truth.version + 1 };
      expect(judge(shifted, doubled).doubled).toBe(1);
    });
    fc.assert(flagged, RUNS);
  });

  it('finds a refused write that counted', () => {
    const flagged = fc.property(plans('refused'), fc.nat(), (plan, pick) => {
      const simulated = simulate(plan);
      const history = corrupt(simulated, pick, isAcknowledged, (write) => ({ ...write, outcome: { kind: 'refused' } }));
      expect(judge(history, simulated.truth).doubled).toBe(1);
    });
    fc.assert(flagged, RUNS);
  });

  it('finds a write that counted although its key says that it did not', () => {
    const flagged = fc.property(plans('unknown'), fc.nat(), (plan, pick) => {
      const { history, truth } = simulate(plan.map((planned) => ({ ...planned, keyed: true })));
      const keys = [...truth.unknownByKey.keys()];
      const key = keys[pick % Math.max(1, keys.length)];
      fc.pre(key !== undefined);
      const denied = new Map(truth.unknownByKey).set(key, null);
      expect(judge(history, { ...truth, unknownByKey: denied }).doubled).toBe(1);
    });
    fc.assert(flagged, RUNS);
  });

  it.each([
    ['read', isRead],
    ['write', isAcknowledged],
  ])('finds a wrong value in the answer to a %s', (_kind, fits) => {
    const flagged = fc.property(plans('refused'), fc.nat(), (plan, pick) => {
      const simulated = simulate(plan);
      const history = corrupt<HistoryEntry>(simulated, pick, fits, (entry) => {
        if (isRead(entry)) return { ...entry, value: entry.value + 1 };
        return isAcknowledged(entry)
          ? { ...entry, outcome: { ...entry.outcome, value: entry.outcome.value + 1 } }
          : null;
      });
      expect(judge(history, simulated.truth).wrong).toBeGreaterThan(0);
    });
    fc.assert(flagged, RUNS);
  });

  it('finds one version given to two writes', () => {
    const flagged = fc.property(EVERY_OUTCOME, fc.nat(), fc.nat(), (plan, pick, to) => {
      const simulated = simulate(plan);
      const others = simulated.history.filter(isAcknowledged);
      const history = corrupt(simulated, pick, isAcknowledged, (write) => {
        const other = others[to % others.length];
        return other === undefined || other === write ? null : { ...write, outcome: other.outcome };
      });
      expect(faults(judge(history, simulated.truth))).toBeGreaterThan(0);
    });
    fc.assert(flagged, RUNS);
  });

  it('finds writes whose versions contradict their order in time', () => {
    const flagged = fc.property(EVERY_OUTCOME, fc.nat(), (plan, pick) => {
      const simulated = simulate(plan);
      const writes = simulated.history.filter(isAcknowledged);
      const first = writes[pick % Math.max(1, writes.length)];
      const second = writes.find((write) => first !== undefined && write.startNs > first.endNs);
      fc.pre(first !== undefined && second !== undefined);
      const history = simulated.history.map((entry) => {
        // Their answers change places, and with them what they added: only time tells.
        if (entry === first) return { ...entry, by: second.by, outcome: second.outcome };
        if (entry === second) return { ...entry, by: first.by, outcome: first.outcome };
        return entry;
      });
      expect(faults(judge(history, simulated.truth))).toBeGreaterThan(0);
    });
    fc.assert(flagged, RUNS);
  });
});
