import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Unavailable } from '../../domain/errors.js';
import { Clock } from '../clock.js';
import { KeptAnswers } from './kept-answers.js';
import { Turns } from '../turns.js';

/** An answer that is there when the test says so. */
function slow() {
  let begun = false;
  let end: (value: number) => void = () => undefined;
  const answer = new Promise<number>((resolve) => (end = resolve));
  const make = () => {
    begun = true;
    return answer;
  };
  return { make, end, begun: () => begun };
}

const clock = new Clock();
const answers = (patienceMs?: number) => new KeptAnswers<number>(new Turns(clock), clock, patienceMs);

describe('an answer', () => {
  it('is made once for all who ask meanwhile and soon after', async () => {
    const kept = answers();
    let made = 0;
    const ask = () => kept.ask('same', null, () => Promise.resolve((made += 1)));
    expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
    expect([await ask(), made]).toEqual([1, 1]);
  });

  it('is made after the one before, and after a rest as long as that took', async () => {
    const kept = answers();
    const [first, second] = [slow(), slow()];
    const both = Promise.all([kept.ask('first', null, first.make), kept.ask('second', null, second.make)]);
    const startedAtMs = performance.now();
    // How long the first takes.
    await sleep(50);
    expect([first.begun(), second.begun()]).toEqual([true, false]);
    first.end(1);
    const tookMs = performance.now() - startedAtMs;
    second.end(2);
    expect(await both).toEqual([1, 2]);
    expect(performance.now() - startedAtMs).toBeGreaterThan(1.9 * tookMs);
  });

  it('that takes too long is told to be asked for again, and is there then', async () => {
    const kept = answers(20);
    const one = slow();
    await expect(kept.ask('one', null, one.make)).rejects.toBeInstanceOf(Unavailable);
    one.end(7);
    expect(await kept.ask('one', null, () => Promise.reject(new Error('made twice')))).toBe(7);
  });

  it('that nobody waits for any more is not made at all', async () => {
    const kept = answers(20);
    const [busy, late] = [slow(), slow()];
    const first = kept.ask('busy', null, busy.make).catch(() => null);
    await expect(kept.ask('late', null, late.make)).rejects.toBeInstanceOf(Unavailable);
    await first;
    busy.end(1);
    expect(await kept.ask('busy', null, () => Promise.resolve(0))).toBe(1);
    // In its turn, after the one that was dropped.
    let after: number | null = null;
    while (after === null) after = await kept.ask('after', null, () => Promise.resolve(3)).catch(() => null);
    expect(late.begun()).toBe(false);
  });

  it('that failed is made anew', async () => {
    const kept = answers();
    await expect(kept.ask('a', null, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await kept.ask('a', null, () => Promise.resolve(5))).toBe(5);
  });
});

it('of more different questions than are remembered the last ones are refused', async () => {
  const kept = answers();
  const one = slow();
  const ask = (question: string) => kept.ask(question, null, one.make).catch((error: unknown) => error);
  const asked = Array.from({ length: 201 }, (_, index) => ask(String(index)));
  expect(await asked.at(-1)).toBeInstanceOf(Unavailable);
  one.end(1);
  expect(await asked[0]).toBe(1);
});

it('who asks much has its share, and does not put off who asks after it', async () => {
  const kept = answers();
  const made: string[] = [];
  const first = slow();
  const ask = (holder: string, question: string) =>
    kept.ask(question, holder, async () => {
      made.push(question);
      return first.make();
    });
  const much = Array.from({ length: 201 }, (_, index) =>
    ask('greedy', `greedy ${index}`).catch((error: unknown) => error),
  );
  expect(await much[150]).toBeInstanceOf(Unavailable);
  const other = [ask('other', 'other 0'), ask('other', 'other 1')];
  first.end(1);
  expect(await Promise.all(other)).toEqual([1, 1]);
  expect(made.indexOf('other 0')).toBeLessThan(5);
  expect(made.indexOf('other 1')).toBeLessThan(5);
  await Promise.all(much);
});
