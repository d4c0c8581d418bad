/** Lanes that share places: never more at once than there are, and who waits longest is next. */
import fc from 'fast-check';
import { Lane, type Queued } from './lane.js';
import { Places } from './places.js';

interface Item extends Queued {
  readonly lane: number;
}

const item = (lane: number): Item => ({ lane, acceptedAtMs: 0, size: 1, span: null });

it('as many lanes as there are places commit at once, and each of them gets its turn', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 20 }),
      fc.scheduler(),
      async (count, asked, scheduler) => {
        const places = new Places(count);
        let [now, most] = [0, 0];
        const committed: number[] = [];
        const commit = async (batch: readonly Item[]): Promise<readonly Item[]> => {
          now += 1;
          most = Math.max(most, now);
          await scheduler.schedule(Promise.resolve());
          now -= 1;
          committed.push(...batch.map(({ lane }) => lane));
          return [];
        };
        const never = () => false;
        const lanes = Array.from({ length: 5 }, () => new Lane<Item>(10, 10, () => null, never, commit, places));
        for (const lane of asked) lanes[lane]?.add(item(lane));
        while (committed.length < asked.length) {
          await new Promise((resolve) => setImmediate(resolve));
          if (scheduler.count() > 0) await scheduler.waitNext(1);
        }
        expect(most).toBeLessThanOrEqual(count);
        expect(most).toBe(Math.min(count, new Set(asked).size));
        expect(committed.toSorted()).toEqual(asked.toSorted());
      },
    ),
    { numRuns: 50 },
  );
});

it('who waits longest is next', async () => {
  const places = new Places(1);
  expect(places.takeNow()).toBe(true);
  const order: string[] = [];
  const waiting = ['first', 'second'].map((name) => places.take().then(() => order.push(name)));
  expect(places.takeNow()).toBe(false);
  places.give();
  await waiting[0];
  expect(order).toEqual(['first']);
  places.give();
  await waiting[1];
  expect(order).toEqual(['first', 'second']);
  places.give();
  expect(places.takeNow()).toBe(true);
});
