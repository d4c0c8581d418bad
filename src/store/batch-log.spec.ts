import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Portion } from './batch-log.js';
import { StoreFailure } from './failure.js';

const timeout = (): StoreFailure => {
  const error = new pg.DatabaseError('canceling statement due to statement timeout', 0, 'error');
  error.code = '57014';
  return new StoreFailure('rolled_back', error);
};

const failing = (portion: Portion, error: Error) => expect(portion.go(() => Promise.reject(error))).rejects.toBe(error);

describe('a portion of the log', () => {
  it('is half as large after a go that took too long, and grows again with those that did not', async () => {
    const portion = new Portion({ batches: 100, counters: 4_000 });
    await failing(portion, timeout());
    await failing(portion, timeout());
    expect([portion.batches, portion.counters]).toEqual([25, 1_000]);
    await portion.go(() => Promise.resolve());
    expect(portion.counters).toBe(1_250);
    for (let go = 0; go < 20; go += 1) await portion.go(() => Promise.resolve());
    expect([portion.batches, portion.counters]).toEqual([100, 4_000]);
  });

  it('is never nothing, and stays as it is after any other failure', async () => {
    const portion = new Portion({ batches: 10, counters: 640 });
    await failing(portion, new StoreFailure('not_sent', new Error('no connection')));
    expect(portion.counters).toBe(640);
    for (let go = 0; go < 20; go += 1) await failing(portion, timeout());
    expect([portion.batches, portion.counters]).toEqual([1, 10]);
  });
});
