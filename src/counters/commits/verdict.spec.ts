import type { Counter, Truth } from '../../domain/counter.js';
import type { Operation, Outcome, Write } from '../../domain/operation.js';
import { Ruling, type Verdict } from './verdict.js';
import type { Locked } from '../../store/decided-batches.js';

const NOW = '2026-01-02T00:00:00.000Z';
const bounded: Counter = {
  name: 'bounded',
  value: 9,
  version: 3,
  min: 0,
  max: 10,
  expiresAt: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

const rulingWith = (truths: readonly Truth[], locked: Partial<Locked>): Ruling =>
  new Ruling({
    truths: new Map(truths.map((truth) => [truth.name, truth])),
    ended: [],
    unknown: new Set(),
    namesCreated: new Map(),
    used: [],
    now: NOW,
    ...locked,
  });

const ruling = (...truths: Truth[]): Ruling => rulingWith(truths, {});

const increment = (by: number, key: string | null = null, name = 'bounded'): Write => ({
  operation: { kind: 'increment', name, by } satisfies Operation,
  key: key === null ? null : { owner: '', key },
  creator: null,
  requestId: 'request',
});

const bundle = (...writes: Write[]) => ({
  writes,
  fingerprints: writes.map(({ key }) => (key === null ? null : 'same')),
});

const refusalIn = (verdict: Verdict): Outcome | null => (verdict.kind === 'refused' ? verdict.refused : null);

describe('several writes, all or nothing', () => {
  it('are undone by the first refusal, which shows the truth as it stays', () => {
    const rules = ruling(bounded);
    const verdict = rules.decide(bundle(increment(-1), increment(5)));
    expect(verdict).toMatchObject({ kind: 'refused', index: 1, refused: { code: 'out_of_bounds', truth: bounded } });
    expect(rules.changed).toEqual([]);
  });

  it('keep a refusal by its key with the truth as it stays', () => {
    const rules = ruling(bounded);
    rules.decide(bundle(increment(-1, 'a'), increment(5, 'b')));
    expect(rules.kept).toMatchObject([{ key: 'b', outcome: { code: 'out_of_bounds', truth: bounded } }]);
  });

  it('are refused with what bundles before them did, since that stays', () => {
    const rules = ruling(bounded);
    rules.decide(bundle(increment(-2)));
    const verdict = rules.decide(bundle(increment(1), increment(5)));
    expect(refusalIn(verdict)).toMatchObject({ truth: { value: 7, version: 4 } });
    expect(rules.changed).toMatchObject([{ value: 7, version: 4 }]);
  });
});

describe('what is set to end in the past', () => {
  const set = (value: number): Write => ({
    operation: {
      kind: 'set',
      name: 'bounded',
      value,
      min: undefined,
      max: undefined,
      expiry: { kind: 'at', moment: '2026-01-01T00:00:00.000Z', where: 'always' },
      condition: null,
    },
    key: null,
    creator: null,
    requestId: 'request',
  });

  it('is absent for what follows it in the same batch, one version on', () => {
    const rules = ruling(bounded);
    expect(rules.decide(bundle(set(5)))).toMatchObject({ answers: [{ outcome: { truth: { value: 5, version: 4 } } }] });
    expect(rules.changed).toEqual([{ name: 'bounded', value: null, version: 5 }]);
    expect(rules.decide(bundle(increment(1)))).toMatchObject({
      answers: [{ outcome: { truth: { value: 1, version: 6, max: null, expiresAt: null } } }],
    });
  });
});

describe('a quota of names', () => {
  const absent = (...names: string[]): Truth[] => names.map((name) => ({ name, value: null, version: 0 }));
  const byKey = (name: string, key: string | null = null): Write => ({
    ...increment(1, key, name),
    creator: { keyId: 'k', maxNames: 5, names: 0 },
  });
  const withRoomFor = (room: number, ...names: string[]): Ruling =>
    rulingWith([...absent(...names), { name: 'deleted', value: null, version: 2 }, bounded], {
      unknown: new Set(names),
      namesCreated: new Map([['k', 5 - room]]),
    });

  it('refuses what would be one too many, counting what the batch itself created', () => {
    const rules = withRoomFor(1, 'a', 'b');
    expect(rules.decide(bundle(byKey('a')))).toMatchObject({ kind: 'done' });
    expect(rules.decide(bundle(byKey('b', 'kept')))).toMatchObject({
      kind: 'refused',
      refused: { code: 'quota_exceeded' },
    });
    expect(rules.decide(bundle(byKey('a')))).toMatchObject({ kind: 'done' });
    expect(rules.creators).toEqual(new Map([['a', 'k']]));
    // It may be raised: the key goes on standing for the request, and for no answer.
    expect(rules.kept).toEqual([]);
  });

  it('leaves alone what is there, or was once', () => {
    const rules = withRoomFor(0, 'a');
    expect([rules.decide(bundle(byKey('bounded'))), rules.decide(bundle(byKey('deleted')))]).toMatchObject([
      { kind: 'done' },
      { kind: 'done' },
    ]);
    expect(rules.creators.size).toBe(0);
  });

  it('is not used up by a bundle that was undone', () => {
    const rules = withRoomFor(2, 'a', 'b', 'c');
    expect(rules.decide(bundle(byKey('a'), byKey('b'), byKey('c')))).toMatchObject({ kind: 'refused', index: 2 });
    expect(rules.creators.size).toBe(0);
    expect(rules.decide(bundle(byKey('c')))).toMatchObject({ kind: 'done' });
    expect(rules.decide(bundle(byKey('c'), byKey('a'), byKey('b')))).toMatchObject({ kind: 'refused', index: 2 });
    expect(rules.creators).toEqual(new Map([['c', 'k']]));
  });

  it('is charged to nobody for whom nobody is named', () => {
    const rules = withRoomFor(0, 'a');
    expect(rules.decide(bundle(increment(1, null, 'a')))).toMatchObject({ kind: 'done' });
    expect(rules.decide(bundle(byKey('a')))).toMatchObject({ kind: 'done' });
    expect(rules.creators.size).toBe(0);
  });
});
