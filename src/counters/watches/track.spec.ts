/** Whatever comes in whatever order: states change only as they may, last as long as they must, and are told once. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Limit, Track, Turn, WatchState } from '../../domain/watch.js';
import { begun, heard, isNews, type Verdict, verdictOf } from './track.js';

const OK: Track = { state: 'ok', sinceMs: 0, pending: null };
const FIRING: Track = { state: 'firing', sinceMs: 0, pending: null };

function follow(track: Track, heardOf: readonly (readonly [Verdict, number])[], holdMs: number) {
  const turns: Turn[] = [];
  for (const [verdict, atMs] of heardOf) {
    const moved = heard(track, verdict, atMs, holdMs);
    track = moved.track;
    turns.push(...moved.turns);
  }
  return { track, turns };
}

describe('a limit', () => {
  type Row = readonly [Limit, number, readonly (readonly [number, Verdict])[]];
  const most = Number.MAX_SAFE_INTEGER;
  const rows: readonly Row[] = [
    [
      { above: 10 },
      2,
      [
        [11, 'met'],
        [10, 'between'],
        [9, 'between'],
        [8, 'unmet'],
      ],
    ],
    [
      { above: 10 },
      0,
      [
        [11, 'met'],
        [10, 'unmet'],
      ],
    ],
    [
      { below: 10 },
      2,
      [
        [9, 'met'],
        [10, 'between'],
        [11, 'between'],
        [12, 'unmet'],
      ],
    ],
    [
      { below: 10 },
      0,
      [
        [9, 'met'],
        [10, 'unmet'],
      ],
    ],
    [
      { above: -10 },
      1,
      [
        [-9, 'met'],
        [-10, 'between'],
        [-11, 'unmet'],
      ],
    ],
    [
      { above: most - 1 },
      0,
      [
        [most, 'met'],
        [most - 1, 'unmet'],
      ],
    ],
  ];
  it.each(rows)('%j with a hysteresis of %d', (limit, hysteresis, cases) => {
    for (const [value, verdict] of cases)
      expect([value, verdictOf(limit, hysteresis, value)]).toEqual([value, verdict]);
  });
});

describe('without a duration', () => {
  it('each verdict counts at once', () => {
    const { turns } = follow(
      begun(0),
      [
        ['unmet', 1],
        ['met', 2],
        ['unmet', 3],
      ],
      0,
    );
    expect(turns.map(({ to, atMs }) => [to, atMs])).toEqual([
      ['ok', 1],
      ['firing', 2],
      ['ok', 3],
    ]);
  });

  it('within the hysteresis it stays as it is', () => {
    expect(follow(FIRING, [['between', 1]], 0)).toEqual({ track: FIRING, turns: [] });
    expect(follow(OK, [['between', 1]], 0)).toEqual({ track: OK, turns: [] });
  });
});

describe('with a duration', () => {
  it('it turns once it was so for as long, as of the moment at which it was', () => {
    expect(
      follow(
        OK,
        [
          ['met', 10],
          ['met', 109],
        ],
        100,
      ).turns,
    ).toEqual([]);
    expect(
      follow(
        OK,
        [
          ['met', 10],
          ['met', 500],
        ],
        100,
      ).turns,
    ).toEqual([{ from: 'ok', to: 'firing', atMs: 110 }]);
  });

  it('what nobody contradicted in time has come true, whatever is heard afterwards', () => {
    const { turns } = follow(
      OK,
      [
        ['met', 10],
        ['unmet', 500],
      ],
      100,
    );
    expect(turns).toEqual([{ from: 'ok', to: 'firing', atMs: 110 }]);
  });

  it('whatever comes between begins anew', () => {
    expect(
      follow(
        OK,
        [
          ['met', 10],
          ['between', 60],
          ['met', 100],
          ['met', 150],
        ],
        100,
      ).turns,
    ).toEqual([]);
    expect(
      follow(
        FIRING,
        [
          ['unmet', 10],
          ['met', 60],
          ['unmet', 100],
        ],
        100,
      ).turns,
    ).toEqual([]);
  });

  it('that nobody can tell is so at once, and takes what was pending along', () => {
    const { track, turns } = follow(
      OK,
      [
        ['met', 10],
        ['unknown', 50],
        ['unmet', 60],
      ],
      100,
    );
    expect(turns.map(({ to }) => to)).toEqual(['no_data', 'ok']);
    expect(track.pending).toBeNull();
  });
});

const verdicts = fc.array(
  fc.tuple(fc.constantFrom<Verdict>('met', 'unmet', 'between', 'unknown'), fc.integer({ min: -5, max: 60 })),
  { maxLength: 60 },
);

/** Moments may go back, as clocks do. */
const moments = verdicts.map((steps) => {
  let nowMs = 0;
  return steps.map(([verdict, stepMs]) => [verdict, (nowMs += stepMs)] as const);
});

it('turns follow each other, none is told twice, and a state that had to last did', () => {
  fc.assert(
    fc.property(moments, fc.integer({ min: 0, max: 100 }), (heardOf, holdMs) => {
      const { track, turns } = follow(begun(0), heardOf, holdMs);
      let [state, atMs]: [WatchState, number] = ['no_data', 0];
      let told: WatchState | null = null;
      let news = 0;
      for (const turn of turns) {
        expect(turn.from).toBe(state);
        expect(turn.to).not.toBe(state);
        expect(turn.atMs).toBeGreaterThanOrEqual(atMs);
        // From ok to firing and back there lies a duration each; only what nobody knows comes at once.
        if (turn.from !== 'no_data' && turn.to !== 'no_data') expect(turn.atMs - atMs).toBeGreaterThanOrEqual(holdMs);
        if (isNews(told, turn.to)) {
          told = turn.to;
          news += 1;
        }
        [state, atMs] = [turn.to, turn.atMs];
      }
      expect(track.state).toBe(state);
      expect(told === 'firing').toBe(state === 'firing');
      // Told in turns: it fires, and it does no longer.
      expect(news % 2).toBe(state === 'firing' ? 1 : 0);
    }),
  );
});

it('cut anywhere and taken up again, it comes to the same', () => {
  fc.assert(
    fc.property(moments, fc.integer({ min: 0, max: 100 }), fc.nat(60), (heardOf, holdMs, cut) => {
      const whole = follow(begun(0), heardOf, holdMs);
      const first = follow(begun(0), heardOf.slice(0, cut), holdMs);
      const kept = JSON.parse(JSON.stringify(first.track)) as Track;
      const second = follow(kept, heardOf.slice(cut), holdMs);
      expect({ track: second.track, turns: [...first.turns, ...second.turns] }).toEqual(whole);
    }),
  );
});
