import { expect, it } from '@jest/globals';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { Gathered } from './gathered.js';

it('what is asked for in one turn is sent together, and answered in its order', async () => {
  const sent: (readonly number[])[] = [];
  const gathered = new Gathered<number, string>((items) => {
    sent.push(items);
    return Promise.resolve(items.map(String));
  });
  const [one, other] = [gathered.ask(1), gathered.ask(2)];
  await endOfTurn();
  const later = gathered.ask(3);
  expect(await Promise.all([one, other, later])).toEqual(['1', '2', '3']);
  expect(sent).toEqual([[1, 2], [3]]);
});

it('what goes wrong is told to all that went together, and to nobody else', async () => {
  const gathered = new Gathered<boolean, boolean>((items) =>
    items.includes(false) ? Promise.reject(new Error('refused')) : Promise.resolve(items),
  );
  const both = [gathered.ask(true), gathered.ask(false)];
  for (const one of await Promise.allSettled(both)) expect(one).toMatchObject({ reason: { message: 'refused' } });
  expect(await gathered.ask(true)).toBe(true);
});

it('whoever is left without an answer is told so', async () => {
  const gathered = new Gathered<number, number>((items) => Promise.resolve(items.slice(1)));
  const [first, second] = await Promise.allSettled([gathered.ask(1), gathered.ask(2)]);
  expect(first).toEqual({ status: 'fulfilled', value: 2 });
  expect(second.status).toBe('rejected');
});
