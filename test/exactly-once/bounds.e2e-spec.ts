/** Bounds hold at every step, alone and folded into one batch: what is refused is what one by one would be. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { CounterBody } from '../support/counter-calls.js';
import { withServiceProcess } from '../support/service.js';

const MAX = Number.MAX_SAFE_INTEGER;

interface Item {
  readonly status: number;
  readonly counter?: CounterBody;
  readonly problem?: { readonly code: string };
}

const service = withServiceProcess();

/** Increments that arrive together, and so are committed as one batch: values, or the codes of refusals, in order. */
const fold = async (name: string, amounts: readonly number[]): Promise<(number | string | undefined)[]> => {
  const increments = amounts.map((by) => ({ name, by }));
  const { body } = await service.calls.batch<{ results: Item[] }>({ increments });
  return body.results.map(({ counter, problem }) => counter?.value ?? problem?.code);
};

it.each<[string, { value: number; min?: number; max?: number }, number[], (number | string)[]]>([
  [
    'at 8 of 10, five times +1 passes two',
    { value: 8, max: 10 },
    [1, 1, 1, 1, 1],
    [9, 10, 'out_of_bounds', 'out_of_bounds', 'out_of_bounds'],
  ],
  ['at 9 of 10, +5 then -5 refuses the first', { value: 9, max: 10 }, [5, -5], ['out_of_bounds', 4]],
  ['at 1 of 0, -5 then +5 refuses the first', { value: 1, min: 0 }, [-5, 5], ['out_of_bounds', 6]],
  ['at the very bound, 0 room is 0 room', { value: 3, min: 3, max: 3 }, [1, -1], ['out_of_bounds', 'out_of_bounds']],
  ['at the highest value', { value: MAX }, [1, -1, 1, 1], ['value_overflow', MAX - 1, MAX, 'value_overflow']],
  ['at the lowest value', { value: -MAX }, [-1, 1, -1, -1], ['value_overflow', 1 - MAX, -MAX, 'value_overflow']],
  ['over the whole range and back', { value: -MAX }, [MAX, MAX, 1, -MAX], [0, MAX, 'value_overflow', 0]],
])('%s', async (what, before, amounts, expected) => {
  await service.calls.set(what, before);
  expect(await fold(what, amounts)).toEqual(expected);
  const last = expected.findLast((value) => typeof value === 'number') ?? before.value;
  expect((await service.calls.read(what)).body.value).toBe(last);
});

it('a first batch may hold sums that no counter can', async () => {
  expect(await fold('new and wide', [MAX, MAX, -MAX])).toEqual([MAX, 'value_overflow', 0]);
});

it('replays are exact where a batch went from one end of the range to the other', async () => {
  const increments = [MAX, -MAX, 1 - MAX].map((by) => ({ name: 'ends', by, idempotencyKey: randomUUID() }));
  const { body: first } = await service.calls.batch<{ results: Item[] }>({ increments });
  expect(first.results.map(({ counter }) => counter?.value)).toEqual([MAX, 0, 1 - MAX]);
  const { body: second } = await service.calls.batch<{ results: Item[] }>({ increments });
  expect(second.results).toEqual(first.results.map((result) => ({ ...result, replayed: true })));
});

it('a batch is answered as the same increments one by one, in order, would be', async () => {
  let round = 0;
  const amount = fc.integer({ min: -6, max: 6 }).filter((by) => by !== 0);
  const item = fc.record({ counter: fc.constantFrom(0, 1, 2), by: amount });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 40 }), async (items) => {
      const prefix = `property ${(round += 1)}, `;
      const bounds = [
        { min: -3, max: 7 },
        { min: null, max: 4 },
        { min: 0, max: null },
      ];
      await Promise.all(bounds.map((bound, index) => service.calls.set(`${prefix}${index}`, { value: 2, ...bound })));
      const state = bounds.map(() => ({ value: 2, version: 1 }));
      const expected = items.map(({ counter, by }) => {
        const [own, bound] = [state[counter], bounds[counter]];
        if (own === undefined || bound === undefined) throw new Error('no such counter');
        const value = own.value + by;
        if (value > (bound.max ?? MAX) || value < (bound.min ?? -MAX)) return 'out_of_bounds';
        own.value = value;
        own.version += 1;
        return [value, own.version];
      });
      const increments = items.map(({ counter, by }) => ({ name: `${prefix}${counter}`, by }));
      const { body } = await service.calls.batch<{ results: Item[] }>({ increments });
      expect(
        body.results.map(({ counter, problem }) => (counter ? [counter.value, counter.version] : problem?.code)),
      ).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});

it('a counter at its limit does not turn the batch of others into single commits', async () => {
  await service.calls.set('full', { value: 1, max: 1 });
  const increments = Array.from({ length: 200 }, (_, index) => ({ name: index % 2 === 0 ? 'full' : `free ${index}` }));
  const { body } = await service.calls.batch<{ results: Item[] }>({ increments });
  expect(body.results.map(({ status }) => status)).toEqual(increments.map((_, index) => (index % 2 === 0 ? 409 : 200)));
});
