import { Random } from '../../test/torture/random.js';
import { Events, Log, Processors, Rows, Thread } from './events.js';
import { type QueueCosts, type Setting, simulate } from './simulation.js';

describe('processors', () => {
  it.each<[string, count: number, arrivals: [atMs: number, ms: number][], ends: number[]]>([
    [
      'enough for all serve each at once',
      2,
      [
        [0, 10],
        [0, 4],
      ],
      [10, 4],
    ],
    [
      'too few are shared',
      1,
      [
        [0, 10],
        [0, 10],
      ],
      [20, 20],
    ],
    [
      'serve whoever is left faster',
      1,
      [
        [0, 10],
        [5, 10],
      ],
      [15, 20],
    ],
    ['may be a fraction', 0.5, [[0, 10]], [20]],
  ])('%s', (_, count, arrivals, expected) => {
    const events = new Events();
    const processors = new Processors(events, count);
    const ends: number[] = [];
    arrivals.forEach(([atMs, ms], index) =>
      events.in(atMs, () => processors.work(ms, () => (ends[index] = events.nowMs))),
    );
    events.runUntil(100);
    expect(ends).toEqual(expected);
    expect(processors.usedMs).toBeCloseTo(arrivals.reduce((sum, [, ms]) => sum + ms, 0));
  });
});

it('a thread under arrivals by chance makes wait as the formula of M/D/1 says', () => {
  const [ms, load, arrivals] = [1, 0.7, 100_000];
  const events = new Events();
  const random = new Random(7);
  const thread = new Thread(new Processors(events, 1));
  let [sumMs, done] = [0, 0];
  let atMs = 0;
  for (let arrival = 0; arrival < arrivals; arrival += 1) {
    atMs += (-Math.log(1 - random.next()) * ms) / load;
    const sentAtMs = atMs;
    events.in(atMs, () =>
      thread.work(ms, () => {
        sumMs += events.nowMs - sentAtMs;
        done += 1;
      }),
    );
  }
  events.runUntil(2 * atMs);
  expect(done).toBe(arrivals);
  const expected = ms + (load * ms) / (2 * (1 - load));
  expect(Math.abs(sumMs / done / expected - 1)).toBeLessThan(0.05);
});

it('a flush takes along what was written before it began', () => {
  const events = new Events();
  const log = new Log(events, () => 2);
  const ends: number[] = [];
  for (const atMs of [0, 0.5, 1, 5]) events.in(atMs, () => log.flush(() => ends.push(events.nowMs)));
  events.runUntil(10);
  expect(ends).toEqual([2, 4, 4, 7]);
});

it('a row goes to who came first', () => {
  const rows = new Rows();
  const got: string[] = [];
  for (const who of ['a', 'b', 'c']) rows.lock(1, () => got.push(who));
  expect(got).toEqual(['a']);
  rows.release([1]);
  rows.release([1]);
  expect(got).toEqual(['a', 'b', 'c']);
  rows.release([1]);
  expect(rows.isLocked(1)).toBe(false);
});

const costs: QueueCosts = {
  statementMs: () => 3,
  requestMs: 0,
  flushMs: [2],
  roundTripMs: 0,
  redisMs: 0,
  clientMs: 0,
};
const setting: Setting = {
  instances: 1,
  lanes: 1,
  processors: 16,
  together: false,
  names: 1e9,
  hotShare: 0,
  perRequest: 1,
  clients: { kind: 'closed', count: 1, thinkMs: 0 },
  seconds: 4,
  seed: 1,
};
const clients = (count: number) => ({ kind: 'closed', count, thinkMs: 0 }) as const;

describe('lanes, by hand', () => {
  it('one client waits for the network, the statement, the flush, and the cache', () => {
    const found = simulate(setting, { ...costs, roundTripMs: 1 });
    expect(found.p50Ms).toBeCloseTo(1 + 3 + 2 + 1);
    expect(found.perSecond).toBeCloseTo(1_000 / 7, 0);
    expect(found.postgres).toBeCloseTo(3 / 7, 1);
  });

  it('of many, one half waits while the other is committed', () => {
    const found = simulate({ ...setting, clients: clients(200) }, costs);
    expect(found.perSecond / (200 / 10e-3)).toBeCloseTo(1, 1);
    expect(found.commitsPerSecond).toBeCloseTo(1_000 / 5, -1);
    expect(found.p50Ms).toBeCloseTo(10);
  });

  it('instances that count one name commit one after the other, others at once', () => {
    const four = { ...setting, instances: 4, clients: clients(64) };
    const apart = simulate(four, costs);
    const together = simulate({ ...four, names: 1 }, costs);
    expect(together.commitsPerSecond).toBeCloseTo(1_000 / 5, -1);
    expect(apart.commitsPerSecond).toBeGreaterThan(2 * together.commitsPerSecond);
  });

  it('clients of one machine share its processors with all the rest', () => {
    const each = { statementMs: () => 1, requestMs: 1, redisMs: 1, clientMs: 1 };
    const found = simulate({ ...setting, processors: 1, together: true }, { ...costs, ...each });
    expect(found.p50Ms).toBeCloseTo(4 + 2);
  });

  it('a request with many increments is answered once all of its lanes are done', () => {
    const found = simulate({ ...setting, lanes: 4, perRequest: 100 }, costs);
    // The flushes of four lanes: one begins at once, and the others together behind it.
    expect(found.p50Ms).toBeCloseTo(3 + 2 + 2);
    expect(found.perSecond).toBeCloseTo(100 * (1_000 / 7), -3);
  });
});

it('more than can be done is seen by what is not answered', () => {
  const open = { ...setting, perRequest: 100, clients: { kind: 'open', requestsPerSecond: 20_000 } } as const;
  expect(simulate({ ...open, seconds: 0.5 }, costs).answered).toBeLessThan(0.5);
});

it('the same seed gives the same figures', () => {
  const open = { ...setting, clients: { kind: 'open', requestsPerSecond: 1_000 } } as const;
  expect(simulate(open, costs)).toEqual(simulate(open, costs));
  expect(simulate(open, costs)).not.toEqual(simulate({ ...open, seed: 2 }, costs));
});
