import { explore } from './explorer.js';
import { guard, GUARD } from './guard.js';
import { WHOLE } from './whole.js';

/** The clock of the longest search; what is unsound shows within. */
const LAST_TICK = 8;

describe('the guard', () => {
  const lastTick = WHOLE ? LAST_TICK : 6;
  it(`shows no stale hit in ${lastTick} seconds`, () => {
    const found = explore(guard(GUARD, lastTick));
    expect(found).toEqual({ verdict: 'sound', states: WHOLE ? 3_370_974 : found.states, trace: [] });
  });

  it('would, if who knows of a blind period answered unpublished at once', () => {
    const found = explore(guard({ ...GUARD, connectedInBlindPeriod: 'answers unpublished' }, LAST_TICK));
    expect(found).toMatchObject({ verdict: 'violated', states: 156 });
    expect(found.trace.at(-1)).toBe('C hits v1, v2 was answered');
  });

  it('would, if blindness did not run out by its own clock', () => {
    const found = explore(guard({ ...GUARD, blindness: 'for ever' }, LAST_TICK));
    expect(found).toMatchObject({ verdict: 'violated', states: 22_213 });
    expect(found.trace.at(-1)).toBe('C hits v2, v3 was answered');
  });
});
