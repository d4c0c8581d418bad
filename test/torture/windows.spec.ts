import { checkWindows, type WindowEntry } from './windows.js';

const entry = (kind: 'read' | 'write', at: number, value: number, endsAtMs: number): WindowEntry => ({
  kind,
  counter: 'w',
  startMs: at,
  endMs: at + 5,
  seen: { value, endsAtMs },
  unverified: false,
});
const write = (at: number, value: number, endsAtMs: number) => entry('write', at, value, endsAtMs);
const read = (at: number, value: number, endsAtMs: number) => entry('read', at, value, endsAtMs);
const unknown = (at: number): WindowEntry => ({ ...write(at, 0, 0), seen: null });

const right = [write(0, 1, 1_000), read(10, 1, 1_000), write(20, 2, 1_000), read(1_100, 0, 0), write(1_200, 1, 2_200)];

describe('windows', () => {
  it('that follow each other are right, and so is what an unknown outcome explains', () => {
    const all = [...right, unknown(1_300), read(1_400, 2, 2_200)];
    expect(checkWindows(all)).toEqual({ windows: 2, lost: 0, doubled: 0, stale: 0, violations: [] });
  });

  it.each<[string, WindowEntry, 'lost' | 'doubled' | 'stale']>([
    ['one value for two increments', write(25, 2, 1_000), 'lost'],
    ['more than was added', read(30, 3, 1_000), 'doubled'],
    ['less than somebody was shown before', read(40, 1, 1_000), 'stale'],
    ['a window after its end', read(1_150, 2, 1_000), 'stale'],
    ['absence before the end', read(900, 0, 0), 'lost'],
    ['a later window before the end', write(900, 1, 1_900), 'lost'],
  ])('that show %s are not', (_what, wrong, kind) => {
    expect(checkWindows([...right, wrong])[kind]).toBeGreaterThan(0);
  });
});
