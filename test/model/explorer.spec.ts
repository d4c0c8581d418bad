import { at, explore, type Model } from './explorer.js';

/** Two hands that each read a number, then write it back plus one. */
const lostUpdate = (steps: number): Model => ({
  initial: [0, 0, 0, 0, 0],
  successors(take) {
    for (const hand of [0, 1]) {
      const next = take.fork();
      const pc = at(next, 1 + hand);
      if (pc === 0) {
        next[3 + hand] = at(next, 0);
        next[1 + hand] = 1;
        take.take('# reads #', false, hand, at(next, 0));
      } else if (pc === 1 && steps > 1) {
        next[0] = at(next, 3 + hand) + 1;
        next[1 + hand] = 2;
        const done = next[1] === 2 && next[2] === 2;
        take.take('# writes #', done && next[0] !== 2, hand, at(next, 0));
      }
    }
  },
});

describe('the explorer', () => {
  it('finds a violation by a shortest trace, step by step', () => {
    const found = explore(lostUpdate(2));
    expect(found.verdict).toBe('violated');
    expect(found.trace).toEqual(['0 reads 0', '1 reads 0', '0 writes 1', '1 writes 1']);
  });

  it('counts every state once', () => {
    expect(explore(lostUpdate(1))).toEqual({ verdict: 'sound', states: 4, trace: [] });
  });

  it('tells states apart that differ in any field, also beyond the first growth of its memory', () => {
    const counter: Model = {
      initial: [0, 0, 0],
      successors(steps) {
        for (const field of [0, 1, 2]) {
          const next = steps.fork();
          if (at(next, field) === 24) continue;
          next[field] = at(next, field) + 1;
          steps.take('up', false);
        }
      },
    };
    expect(explore(counter)).toMatchObject({ verdict: 'sound', states: 25 ** 3 });
    expect(explore(counter, 1000).verdict).toBe('too large');
  });
});
