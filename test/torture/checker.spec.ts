import { check, type Verdict } from './checker.js';
import type { FinalTruth, HistoryEntry, ReadOperation, WriteOperation } from './history.js';

type Result = { readonly value: number; readonly version: number } | null;

const MS = 1_000_000;
const times = (startMs: number, endMs: number) => ({
  client: startMs,
  counter: 'c',
  startNs: BigInt(startMs * MS),
  endNs: BigInt(endMs * MS),
});

/** An increment by 1 that was answered. */
const added = (startMs: number, endMs: number, value: number, version: number, by = 1): WriteOperation => ({
  ...times(startMs, endMs),
  kind: 'write',
  by,
  key: null,
  outcome: { kind: 'ok', value, version, replayed: false },
});

const unanswered = (
  startMs: number,
  endMs: number,
  kind: 'refused' | 'unknown',
  key: string | null,
): WriteOperation => ({
  ...times(startMs, endMs),
  kind: 'write',
  by: 1,
  key,
  outcome: { kind },
});

const saw = (startMs: number, endMs: number, value: number, version: number, unverified = false): ReadOperation => ({
  ...times(startMs, endMs),
  kind: 'read',
  value,
  version,
  unverified,
});

const truth = (value: number, version: number, keys: Record<string, Result> = {}): FinalTruth => ({
  value,
  version,
  unknownByKey: new Map(Object.entries(keys)),
});

const judge = (end: FinalTruth, ...history: HistoryEntry[]): Verdict => check(history, new Map([['c', end]]), 100);

const CLEAN = { lost: 0, doubled: 0, stale: 0, wrong: 0, violations: [] };

describe('the checker accepts', () => {
  it('nothing at all, and a counter that nobody touched', () => {
    expect(check([], new Map())).toMatchObject({ ...CLEAN, checked: 0 });
    expect(judge(truth(0, 0), saw(0, 1, 0, 0))).toMatchObject({ ...CLEAN, checked: 1 });
  });

  it('answers of overlapping operations in either order', () => {
    expect(judge(truth(2, 2), added(0, 10, 2, 2), added(1, 9, 1, 1))).toMatchObject(CLEAN);
    expect(judge(truth(1, 1), added(0, 10, 1, 1), saw(1, 9, 0, 0))).toMatchObject(CLEAN);
    expect(judge(truth(1, 1), added(0, 10, 1, 1), saw(1, 9, 1, 1))).toMatchObject(CLEAN);
  });

  it('an unknown outcome that counted, and one that did not', () => {
    expect(judge(truth(2, 2), unanswered(0, 5, 'unknown', null), added(6, 7, 2, 2))).toMatchObject(CLEAN);
    expect(judge(truth(1, 1), unanswered(0, 5, 'unknown', null), added(6, 7, 1, 1))).toMatchObject(CLEAN);
  });

  it('an unknown outcome that counts after its client gave up', () => {
    expect(judge(truth(2, 2), unanswered(0, 1, 'unknown', null), added(2, 3, 1, 1), saw(8, 9, 2, 2))).toMatchObject(
      CLEAN,
    );
    const byKey = truth(2, 2, { k: { value: 2, version: 2 } });
    expect(judge(byKey, unanswered(0, 1, 'unknown', 'k'), added(2, 3, 1, 1), saw(4, 5, 1, 1))).toMatchObject(CLEAN);
  });

  it('unknown outcomes that explain the gaps only in one way', () => {
    // The fourth began after version 3 was shown: it explains the last change, and the second the one before.
    const unknown = (startMs: number, by: number) => ({ ...unanswered(startMs, startMs + 1, 'unknown', null), by });
    const history = [unknown(0, 1), unknown(1, 3), added(4, 5, 5, 3), unknown(6, 3)];
    expect(judge(truth(8, 4), ...history)).toMatchObject(CLEAN);
  });

  it('counters by themselves', () => {
    const other = { ...added(2, 3, 1, 1), counter: 'd' };
    const ends = new Map([
      ['c', truth(1, 1)],
      ['d', truth(1, 1)],
    ]);
    expect(check([added(0, 1, 1, 1), other], ends)).toMatchObject({ ...CLEAN, checked: 2 });
  });
});

describe('the checker finds', () => {
  it('a write that the truth lost', () => {
    expect(judge(truth(1, 1), added(0, 1, 1, 1), added(2, 3, 2, 2))).toMatchObject({ lost: 1, doubled: 0 });
  });

  it('a counter that is gone', () => {
    expect(check([added(0, 1, 1, 1)], new Map())).toMatchObject({ lost: 1 });
  });

  it('a version that two writes were given', () => {
    expect(judge(truth(1, 1), added(0, 1, 1, 1), added(0, 1, 1, 1))).toMatchObject({ lost: 1 });
  });

  it('a key that counts and was lost', () => {
    const history = [unanswered(0, 1, 'unknown', 'k'), added(2, 3, 2, 2)];
    expect(judge(truth(1, 1, { k: { value: 1, version: 1 } }), ...history).lost).toBe(1);
  });

  it('a write that counted twice', () => {
    expect(judge(truth(2, 2), added(0, 1, 1, 1))).toMatchObject({ doubled: 1, lost: 0, stale: 0, wrong: 0 });
    expect(judge(truth(3, 3), added(0, 1, 1, 1), added(2, 3, 3, 3))).toMatchObject({ doubled: 1 });
  });

  it('a key that counted twice', () => {
    const end = truth(2, 2, { k: { value: 1, version: 1 } });
    expect(judge(end, unanswered(0, 1, 'unknown', 'k')).doubled).toBe(1);
  });

  it('a refused write that counted', () => {
    expect(judge(truth(1, 1), unanswered(0, 1, 'refused', null))).toMatchObject({ doubled: 1 });
  });

  it('more changes than unknown outcomes can explain', () => {
    const unknown = [unanswered(0, 1, 'unknown', null), unanswered(0, 1, 'unknown', null)];
    expect(judge(truth(2, 2), ...unknown)).toMatchObject(CLEAN);
    expect(judge(truth(3, 3), ...unknown)).toMatchObject({ doubled: 1 });
  });

  it('a change that an unknown outcome cannot explain, because it began too late or added something else', () => {
    expect(judge(truth(2, 2), added(0, 1, 2, 2), unanswered(2, 3, 'unknown', null))).toMatchObject({ doubled: 1 });
    expect(judge(truth(1, 1), saw(0, 1, 1, 1), unanswered(2, 3, 'unknown', null))).toMatchObject({ doubled: 1 });
    expect(judge(truth(6, 2), added(0, 1, 6, 2), unanswered(0, 1, 'unknown', null))).toMatchObject({ doubled: 1 });
    const two = [unanswered(0, 1, 'unknown', null), unanswered(0, 1, 'unknown', null)];
    expect(judge(truth(5, 2), ...two)).toMatchObject({ doubled: 1 });
  });

  it('a stale read after an acknowledged write, by how much and for how long', () => {
    const verdict = judge(truth(2, 2), added(0, 1, 1, 1), added(2, 3, 2, 2), saw(13, 14, 0, 0));
    expect(verdict).toMatchObject({ stale: 1, worstStaleVersions: 2, worstStaleMs: 12, lost: 0, doubled: 0, wrong: 0 });
    expect(verdict.violations[0]).toMatch(
      /^stale: "c": read of 0 at version 0 .* began after increment by 1: 2 at version 2/,
    );
  });

  it('a stale read after another read that had shown more', () => {
    const history = [added(0, 10, 1, 1), saw(1, 2, 1, 1), saw(3, 4, 0, 0)];
    expect(judge(truth(1, 1), ...history)).toMatchObject({ stale: 1, worstStaleVersions: 1, worstStaleMs: 1 });
  });

  it('a stale read marked unverified only past its bound', () => {
    const history = [added(0, 1, 1, 1), saw(101, 102, 0, 0, true)];
    expect(judge(truth(1, 1), ...history)).toMatchObject({ ...CLEAN, unverifiedReads: 1, worstUnverifiedMs: 100 });
    const late = judge(truth(1, 1), added(0, 1, 1, 1), saw(102, 103, 0, 0, true));
    expect(late).toMatchObject({ stale: 1, unverifiedReads: 1, worstUnverifiedMs: 101 });
  });

  it('a write that began after another was acknowledged, and got the lower version', () => {
    expect(judge(truth(2, 2), added(0, 1, 2, 2), added(2, 3, 1, 1)).wrong).toBe(1);
  });

  it('a write that got the version a read had shown before', () => {
    const history = [saw(0, 1, 1, 1), added(2, 3, 1, 1)];
    expect(judge(truth(1, 1), ...history).wrong).toBeGreaterThan(0);
  });

  it('a read of what had not been written yet', () => {
    expect(judge(truth(1, 1), saw(0, 1, 1, 1), added(0, 9, 1, 1))).toMatchObject(CLEAN);
    expect(judge(truth(1, 1), saw(0, 1, 1, 1), added(2, 3, 1, 1)).wrong).toBeGreaterThan(0);
    const byKey = truth(1, 1, { k: { value: 1, version: 1 } });
    expect(judge(byKey, saw(0, 1, 1, 1), unanswered(2, 3, 'unknown', 'k')).wrong).toBe(1);
  });

  it('a value that does not follow from the one before', () => {
    expect(judge(truth(3, 2), added(0, 1, 1, 1), added(2, 3, 3, 2)).wrong).toBeGreaterThan(0);
  });

  it('two values of one version', () => {
    expect(judge(truth(1, 1), added(0, 1, 1, 1), saw(2, 3, 2, 1)).wrong).toBe(1);
    expect(judge(truth(0, 0), saw(2, 3, 7, 0)).wrong).toBe(1);
  });

  it('two reads that disagree about a version nobody was answered', () => {
    const unknown = [unanswered(0, 1, 'unknown', null), unanswered(0, 1, 'unknown', null)];
    expect(judge(truth(2, 2), ...unknown, saw(2, 3, 1, 1), saw(2, 3, 5, 1)).wrong).toBe(1);
    expect(judge(truth(2, 2), ...unknown, saw(2, 3, 7, 0)).wrong).toBe(1);
  });

  it('a read that disagrees with what the next write added to', () => {
    const history = [unanswered(0, 1, 'unknown', null), added(2, 3, 2, 2), saw(2, 3, 5, 1)];
    expect(judge(truth(2, 2), ...history).wrong).toBe(1);
  });

  it('a read of a version that never was', () => {
    expect(judge(truth(1, 1), added(0, 1, 1, 1), saw(2, 3, 2, 2)).wrong).toBe(1);
  });

  it('a truth whose value does not follow', () => {
    expect(judge(truth(5, 1), added(0, 1, 1, 1)).wrong).toBeGreaterThan(0);
  });
});

it('the checker does not slow down as a history grows', () => {
  const timeOf = (versions: number): number => {
    const history: HistoryEntry[] = [];
    for (let version = 1; version <= versions; version++) {
      const startMs = 2 * version;
      history.push(added(startMs, startMs + 3, version, version), saw(startMs, startMs + 5, version, version));
    }
    const startedAt = performance.now();
    expect(check(history, new Map([['c', truth(versions, versions)]]))).toMatchObject(CLEAN);
    return performance.now() - startedAt;
  };
  timeOf(5_000);
  // Eight times as much: a square would take 64 times as long.
  expect(timeOf(40_000) / timeOf(5_000)).toBeLessThan(32);
});
