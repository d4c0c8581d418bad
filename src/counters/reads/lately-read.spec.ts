import { expect, it } from '@jest/globals';
import { HandClock } from '../../../test/support/hand-clock.js';
import { GENERATION_MS, LatelyRead, NAMES_OF_A_GENERATION } from './lately-read.js';

/** As many reads as come between two looks at the clock, at least. */
function readFor(lately: LatelyRead, name: string): void {
  for (let read = 0; read < 1_000; read += 1) lately.note(name);
}

it('what is read no more is forgotten after two generations, and what is read is not', () => {
  const clock = new HandClock();
  const lately = new LatelyRead(clock);
  lately.note('once');
  for (const known of [true, false]) {
    clock.pass(GENERATION_MS + 1);
    readFor(lately, 'always');
    expect([lately.has('once'), lately.has('always')]).toEqual([known, true]);
  }
  expect(lately.names()).toEqual(['always']);
});

it('of more names than two generations hold the last ones are kept', () => {
  const lately = new LatelyRead(new HandClock());
  const all = Array.from({ length: 5 * NAMES_OF_A_GENERATION }, (_, index) => `counter/${index}`);
  for (const name of all) lately.note(name);
  const kept = lately.names();
  expect(kept.length).toBeLessThanOrEqual(2 * NAMES_OF_A_GENERATION);
  expect(new Set(kept)).toEqual(new Set(all.slice(-kept.length)));
  expect(kept.length).toBeGreaterThanOrEqual(NAMES_OF_A_GENERATION);
});
