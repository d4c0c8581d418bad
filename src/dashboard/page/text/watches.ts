import type { Condition, Watch, WatchState } from '../service/shapes.js';
import { number, plural } from './format.js';

/** How a watch stands, in a word. */
export const STATE_WORDS: Readonly<Record<WatchState, string>> = { firing: 'Firing', ok: 'OK', no_data: 'No data' };

/** What it is called; without a label, what it is about. */
export const titleOf = ({ label, name, prefix }: Watch): string =>
  label !== '' ? label : (name ?? `${prefix ?? ''}…`);

/** When it fires, in a sentence. */
export function sentenceOf({ when, for: hold }: Watch): string {
  const held = /^0\D$/.test(hold) ? '' : `, once that has lasted ${lengthText(hold)}`;
  return `Fires ${conditionText(when)}${held}.`;
}

function conditionText(when: Condition): string {
  if ('rate' in when) {
    const { over, above, below } = when.rate;
    const limit = above === undefined ? `less than ${number(below ?? 0)}` : `more than ${number(above)}`;
    return `while it gained ${limit} within ${lengthText(over)}`;
  }
  if ('silent' in when) return `when nothing was written for ${lengthText(when.silent)}`;
  if ('unexpected' in when) {
    return `after ${plural(when.unexpected.hours, 'hour', 'hours')} outside of what was expected, on one side`;
  }
  return when.above === undefined
    ? `while it is below ${number(when.below ?? 0)}`
    : `while it is above ${number(when.above)}`;
}

const UNITS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  s: ['second', 'seconds'],
  m: ['minute', 'minutes'],
  h: ['hour', 'hours'],
  d: ['day', 'days'],
};

/** `30m` as `30 minutes`. */
function lengthText(length: string): string {
  const [one, many] = UNITS[length.slice(-1)] ?? ['', ''];
  return plural(Number.parseInt(length, 10), one, many);
}
