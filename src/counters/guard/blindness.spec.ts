import type pg from 'pg';
import { HandClock } from '../../../test/support/hand-clock.js';
import { BLIND_MS, GuardRow } from '../../store/guard-row.js';
import { Blindness, PERMISSION_MS } from './blindness.js';

/** The row, without a server: what is called on it, and how it answers. */
class HandRow extends GuardRow {
  registered = 0;
  renewed = 0;
  renews = true;
  answers: () => void = () => undefined;

  constructor() {
    super({} as pg.Pool);
  }

  override register(): Promise<void> {
    this.registered += 1;
    this.answers();
    return Promise.resolve();
  }

  override renew(): Promise<boolean> {
    this.renewed += 1;
    this.answers();
    return Promise.resolve(this.renews);
  }
}

describe('an instance that is blind', () => {
  let clock: HandClock;
  let row: HandRow;
  let blindness: Blindness;

  beforeEach(async () => {
    clock = new HandClock();
    row = new HandRow();
    blindness = new Blindness(row, clock);
    await blindness.keep();
  });

  it('waits until every permission has run out, and believes in its period for less than it lasts', () => {
    expect(blindness.holds()).toBe(false);
    clock.pass(PERMISSION_MS);
    expect(blindness.holds()).toBe(true);
    clock.pass(BLIND_MS - PERMISSION_MS);
    expect(blindness.holds()).toBe(false);
  });

  it('renews in time, and goes on', async () => {
    for (let step = 0; step < 10; step++) {
      clock.pass(PERMISSION_MS);
      await blindness.keep();
      expect(blindness.holds()).toBe(true);
    }
    expect([row.registered, row.renewed]).toEqual([1, 10]);
  });

  it('registers anew, and waits, where the renewal was answered too late', async () => {
    clock.pass(PERMISSION_MS);
    row.answers = () => clock.pass(BLIND_MS);
    await blindness.keep();
    expect(blindness.holds()).toBe(false);
    row.answers = () => undefined;
    await blindness.keep();
    expect([row.registered, blindness.holds()]).toEqual([2, false]);
  });

  it('does not believe in it after the machine was suspended, when only the calendar went on', async () => {
    clock.pass(PERMISSION_MS);
    expect(blindness.holds()).toBe(true);
    clock.pass(1, 60_000);
    expect(blindness.holds()).toBe(false);
    await blindness.keep();
    expect([row.registered, blindness.holds()]).toEqual([2, false]);
  });
});
