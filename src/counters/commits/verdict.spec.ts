import type { Counter, Truth } from '../counter.js';
import type { Operation, Outcome, Write } from '../operation.js';
import { Ruling, type Verdict } from './verdict.js';

const NOW = '2026-01-02T00:00:00.000Z';
const bounded: Counter = {
  name: 'bounded',
  value: 9,
  version: 3,
  min: 0,
  max: 10,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

const ruling = (...truths: Truth[]): Ruling =>
  new Ruling({ truths: new Map(truths.map((truth) => [truth.name, truth])), used: [], now: NOW });

const increment = (by: number, key: string | null = null, name = 'bounded'): Write => ({
  operation: { kind: 'increment', name, by } satisfies Operation,
  key: key === null ? null : { owner: '', key },
  requestId: 'request',
});

const unit = (...writes: Write[]) => ({
  writes,
  fingerprints: writes.map(({ key }) => (key === null ? null : 'same')),
});

const refusalIn = (verdict: Verdict): Outcome | null => (verdict.kind === 'refused' ? verdict.refused : null);

describe('several writes, all or nothing', () => {
  it('are undone by the first refusal, which shows the truth as it stays', () => {
    const rules = ruling(bounded);
    const verdict = rules.decide(unit(increment(-1), increment(5)));
    expect(verdict).toMatchObject({ kind: 'refused', index: 1, refused: { code: 'out_of_bounds', truth: bounded } });
    expect(rules.changed).toEqual([]);
  });

  it('keep a refusal by its key with the truth as it stays', () => {
    const rules = ruling(bounded);
    rules.decide(unit(increment(-1, 'a'), increment(5, 'b')));
    expect(rules.kept).toMatchObject([{ key: 'b', outcome: { code: 'out_of_bounds', truth: bounded } }]);
  });

  it('are refused with what units before them did, since that stays', () => {
    const rules = ruling(bounded);
    rules.decide(unit(increment(-2)));
    const verdict = rules.decide(unit(increment(1), increment(5)));
    expect(refusalIn(verdict)).toMatchObject({ truth: { value: 7, version: 4 } });
    expect(rules.changed).toMatchObject([{ value: 7, version: 4 }]);
  });
});
