/** Numbers and times as people read them. */
const whole = new Intl.NumberFormat('en-US');
const signed = new Intl.NumberFormat('en-US', { signDisplay: 'exceptZero' });
/** As many digits as tell the marks of a large value's axis apart: 2.014M, 2.018M. */
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 3 });
const share = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

/** A typographic minus, as wide as the plus. */
const minus = (text: string): string => text.replace('-', '−');

export const number = (value: number): string => minus(whole.format(value));
export const change = (value: number): string => minus(signed.format(value));
export const short = (value: number): string => minus(compact.format(value));
export const percent = (ratio: number): string => share.format(ratio);
export const instant = (iso: string): string => moment.format(new Date(iso));
export const timeOfDay = (at: Date): string => clock.format(at);

const hourAndMinute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const shortDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const shortDayUtc = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** For an axis: the hour, and at midnight the day instead. */
export function timeOrDayOf(ms: number): string {
  const time = hourAndMinute.format(ms);
  return time === '00:00' ? shortDay.format(ms) : time;
}

export const dayOf = (ms: number): string => shortDayUtc.format(ms);

/** Days begin at midnight UTC, and so are named by it; shorter times are local. */
export function bucket(iso: string, interval: 'minute' | 'hour' | 'day'): string {
  return interval === 'day' ? day.format(new Date(iso)) : dayAndTime.format(new Date(iso));
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A span of time in its largest unit, rounded down; below a second in milliseconds. */
export function span(ms: number): string {
  for (const [unit, unitMs] of UNITS) if (ms >= unitMs) return `${Math.floor(ms / unitMs)} ${unit}`;
  return `${Math.max(0, Math.round(ms))} ms`;
}

/** How long ago, calmly: the first seconds are now. */
export function ago(iso: string, nowMs: number): string {
  const ms = nowMs - Date.parse(iso);
  return ms < 2_000 ? 'now' : `${span(ms)} ago`;
}

export const plural = (count: number, one: string, many: string): string =>
  `${number(count)} ${count === 1 ? one : many}`;
