import { onCurve } from '../curve.js';
import { AIM, type Costs, NODE, requestMs } from './costs.js';
import { cycleOf, different, highestRate, type Lanes } from './cycle.js';
import { type Demand, evercount, needsOf } from './model.js';
import { simulate } from './simulation.js';

const lanes: Lanes = {
  perSecond: 10_000,
  perRequest: 1,
  names: 1e9,
  hotShare: 0,
  instances: 1,
  lanes: 1,
  processors: 16,
  flushMs: 2,
  flushP99Ms: 2,
  roundTripMs: 0,
  requestMs: 0,
  statementMs: () => 3,
};

describe('the cycle of a lane', () => {
  it('is as long as its parts, and its batch what comes meanwhile', () => {
    const found = cycleOf(lanes);
    expect(found).toMatchObject({ bound: 'latency' });
    expect(found.ms).toBeCloseTo(5);
    expect(found.increments).toBeCloseTo(50);
    expect(found.perSecond).toBeCloseTo(200);
    expect(found.processors).toBeCloseTo(0.6);
    expect([found.p50Ms, found.p99Ms]).toEqual([expect.closeTo(7.5), expect.closeTo(9.95)]);
  });

  it('is found where the statement is longer for more names', () => {
    // ms = 1 + 0.05 * increments, increments = 10 * ms: 2 ms and 20 of them.
    const found = cycleOf({ ...lanes, flushMs: 1, statementMs: (names) => 0.05 * names });
    expect(found.ms).toBeCloseTo(2);
    expect(found.increments).toBeCloseTo(20);
  });

  it('waits for processors where there are too few', () => {
    const found = cycleOf({ ...lanes, instances: 8, lanes: 8, processors: 2, statementMs: () => 1 });
    expect(found).toMatchObject({ bound: 'processors', ms: 32 });
  });

  it('waits for the rows that other instances have, where all count one name', () => {
    const found = cycleOf({ ...lanes, instances: 4, names: 1, hotShare: 1 });
    expect(found).toMatchObject({ bound: 'rows', names: 1 });
    expect(found.ms).toBeCloseTo(4 * (3 + 2));
  });

  it('of a request that comes alone is as long as it has names', () => {
    const alone = { ...lanes, perSecond: 10, perRequest: 100, statementMs: (names: number) => 0.05 * names };
    expect(cycleOf(alone)).toMatchObject({ increments: 100, ms: expect.closeTo(7) as number });
    // Four lanes do a quarter of it each; one is flushed at once, and three together behind it.
    const four = { increments: 25, ms: expect.closeTo(1.25 + (2 + 3 * 4) / 4) as number };
    expect(cycleOf({ ...alone, lanes: 4 })).toMatchObject(four);
  });

  it('is waited for longer where the instance has much to do', () => {
    // Half of the time at work, 0.05 ms each: so long again, and half of it to wait on average.
    const found = cycleOf({ ...lanes, requestMs: 0.05 });
    expect(found.p50Ms).toBeCloseTo(7.5 + 0.05 * 1.5);
    expect(cycleOf({ ...lanes, requestMs: 0.1 })).toMatchObject({ bound: 'instances', p99Ms: Infinity });
  });

  it('is lost where a lane cannot take what comes', () => {
    expect(cycleOf({ ...lanes, perSecond: 500_000 })).toMatchObject({ bound: 'full batches', p99Ms: Infinity });
  });

  it('agrees with the simulation where there is no chance but in the arrivals', () => {
    const { p50Ms, increments } = cycleOf(lanes);
    const found = simulate(
      {
        ...{ instances: 1, lanes: 1, processors: 16, together: false, names: 1e9, hotShare: 0, perRequest: 1 },
        clients: { kind: 'open', requestsPerSecond: lanes.perSecond },
        seconds: 4,
        seed: 3,
      },
      { statementMs: () => 3, requestMs: 0, flushMs: [2], roundTripMs: 0, redisMs: 0, clientMs: 0 },
    );
    expect(found.p50Ms / p50Ms).toBeCloseTo(1, 1);
    expect(found.incrementsInBatch / increments).toBeCloseTo(1, 1);
  });
});

it('different names are fewer than those drawn', () => {
  expect(different(1e9, 100)).toBeCloseTo(100, 3);
  expect(different(10, 1e6)).toBeCloseTo(10);
});

it('the highest rate is found between those that do and those that do not', () => {
  expect(highestRate((perSecond) => perSecond <= 12_345)).toBeCloseTo(12_345, 2);
});

it('what lies between two sizes that were measured is on the line between them', () => {
  const curve = new Map([
    [1, 1],
    [11, 2],
  ]);
  expect([onCurve(curve, 1), onCurve(curve, 6), onCurve(curve, 22)]).toEqual([1, 1.5, 4]);
});

const flat = new Map([
  [1, 0.1],
  [1_000, 10],
]);
const costs: Costs = {
  ...{ same: flat, anywhere: flat, keyed: flat },
  ...{ logPerBatch: 100, logPerName: 100, logPerKey: 100, logPerPage: 4_000, countersOnPage: 50 },
  ...{ counterBytes: 200, batchNameBytes: 50, changeMs: 0, minuteMs: 0, logPerMinute: 0 },
  ...{ minuteBytes: 100, hourBytes: 100, dayBytes: 100 },
  ...{ requestMs: 0.06, hundredMs: 0.6, publishMs: 0.003, entryBytes: 300, keyBytes: 200, flushMs: [1] },
};
const demand: Demand = {
  perSecond: 95_000,
  counters: 10_000,
  hotShare: 0,
  perRequest: 100,
  keyed: false,
  hoursKeptDays: 400,
};

describe('needs', () => {
  it('are instances that are busy no longer than the aim', () => {
    // 950 requests a second, 0.6 ms each.
    expect(needsOf(costs, demand, NODE)?.one.instances).toBe(1);
    expect(needsOf(costs, { ...demand, perRequest: 1 }, NODE)?.one.instances).toBe(10);
    expect(requestMs(costs, 1)).toBe(0.06);
    expect(requestMs(costs, 100)).toBeCloseTo(0.6);
  });

  it('use no more than the aim of anything, and one Postgres fewer would', () => {
    for (const perSecond of [1e5, 1e6, 1e7]) {
      const needs = needsOf(costs, { ...demand, counters: 1e8, perSecond }, NODE);
      const share = Math.max(...Object.values(needs?.one.shares ?? {}));
      expect(share).toBeLessThanOrEqual(AIM);
      const fewer = (needs?.evercounts ?? 0) - 1;
      if (fewer === 0) continue;
      const part = { ...demand, counters: 1e8 / fewer, perSecond: perSecond / fewer };
      const shares = [1, 2, 4, 8, 16, 32].map((own) =>
        Math.max(...Object.values(evercount(costs, part, NODE, own).shares)),
      );
      expect(Math.min(...shares)).toBeGreaterThan(AIM);
    }
  });

  it('grow with the rate where processors are what is short', () => {
    const at = (perSecond: number) =>
      needsOf(costs, { ...demand, counters: 1e7, perSecond }, { ...NODE, processors: 4, diskBytes: 1e18 });
    const [few, many] = [at(1e6), at(1e7)];
    expect(few?.bendsFirst).toBe('processors');
    expect((many?.evercounts ?? 0) / (few?.evercounts ?? 1)).toBeGreaterThan(8);
  });

  it('are none that would do where one counter is asked for more than one Postgres can commit', () => {
    expect(needsOf(costs, { ...demand, counters: 1, hotShare: 1, perSecond: 1e8 }, NODE)).toBeNull();
  });

  it('are disks, where hours of all counters are kept for long', () => {
    const kept = (hoursKeptDays: number) => needsOf(costs, { ...demand, counters: 1e9, hoursKeptDays }, NODE);
    expect(kept(400)?.bendsFirst).toBe('disk');
    expect(kept(7)?.evercounts).toBeLessThan(kept(400)?.evercounts ?? 0);
  });

  it('are keys for a day', () => {
    const plain = evercount(costs, demand, NODE, 1);
    const keyed = evercount(costs, { ...demand, keyed: true }, NODE, 1);
    expect(keyed.diskBytes - plain.diskBytes).toBeCloseTo(95_000 * 86_400 * 200, -6);
  });
});
