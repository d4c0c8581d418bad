import { FAULT_KINDS, type FaultKind } from './faults.js';
import { type Episode, episodesOf } from './nemesis.js';
import { Random } from './random.js';

const EPISODES = 200;

const schedule = (seed: number, kinds: readonly FaultKind[] = FAULT_KINDS): Episode[] => {
  const episodes = episodesOf(new Random(seed), kinds);
  return Array.from({ length: EPISODES }, () => episodes.next().value);
};

const inWords = (episodes: readonly Episode[]): string =>
  JSON.stringify(
    episodes.map(({ calmMs, faults }) => [
      calmMs,
      faults.map(({ delayMs, fault }) => [delayMs, fault.kind, fault.detail]),
    ]),
  );

describe('the schedule of faults', () => {
  it('follows from the seed', () => {
    expect(inWords(schedule(7))).toBe(inWords(schedule(7)));
    expect(inWords(schedule(7))).not.toBe(inWords(schedule(8)));
  });

  it('leaves no kind out, and has none far more often than another', () => {
    const struck = schedule(7).flatMap(({ faults }) => faults.map(({ fault }) => fault.kind));
    const times = FAULT_KINDS.map((kind) => struck.filter((other) => other === kind).length);
    expect(Math.min(...times)).toBeGreaterThan(0);
    expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
  });

  it('strikes alone most of the time, and never the same target twice at once', () => {
    const episodes = schedule(7);
    expect(episodes.filter(({ faults }) => faults.length === 1).length).toBeGreaterThan(EPISODES / 2);
    expect(episodes.some(({ faults }) => faults.length > 1)).toBe(true);
    for (const { faults } of episodes) {
      expect(new Set(faults.map(({ fault }) => fault.target)).size).toBe(faults.length);
    }
  });

  it('goes on with a single kind', () => {
    expect(schedule(7, ['FLUSHALL']).every(({ faults }) => faults.length === 1)).toBe(true);
  });
});
