import { explore } from './explorer.js';
import { purge, PURGE, type PurgeBounds, type PurgeRules } from './purge.js';

const BOUNDS: PurgeBounds = { writers: 3, writes: 4, purgers: 2, purges: 2 };

describe('a purge', () => {
  it('has no version of a name given out twice, whoever creates, deletes and purges meanwhile', () => {
    expect(explore(purge(PURGE, BOUNDS))).toMatchObject({ verdict: 'sound', trace: [] });
  });

  it.each<[string, Partial<PurgeRules>]>([
    ['it removed before it raised the floor', { first: 'removes' }],
    ['it did not wait for whoever has read the floor', { waits: false }],
    ['writers read the floor before they hold the lock', { reads: 'before it' }],
    ['it removed what was deleted since it raised the floor', { removes: 'all that is deleted' }],
    ['a later purge set the floor, whatever it was', { floor: 'is set' }],
  ])('would have one given out twice, if %s', (_name, change) => {
    const found = explore(purge({ ...PURGE, ...change }, BOUNDS));
    expect(found.verdict).toBe('violated');
    expect(found.trace.at(-1)).toMatch(/version (\d+), \d+ was given/);
  });
});
