import type { Interval } from '../service/shapes.js';
import { zone } from '../place/zone.js';

/** Numbers and times as people read them. */
const whole = new Intl.NumberFormat('en-US');
const signed = new Intl.NumberFormat('en-US', { signDisplay: 'exceptZero' });
/** As many digits as tell the marks of a large value's axis apart: 2.014M, 2.018M. */
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 3 });
const share = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });
/** Formats of times by zone: the page's, or that of days from before hours are kept. */
function zoned(options: Intl.DateTimeFormatOptions): (ms: number, timeZone?: string) => string {
  const formats = new Map<string, Intl.DateTimeFormat>();
  return (ms, timeZone = zone()) => {
    const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { ...options, timeZone });
    formats.set(timeZone, format);
    return format.format(ms);
  };
}

const moment = zoned({ dateStyle: 'medium', timeStyle: 'medium' });
const clock = zoned({ timeStyle: 'medium' });
const dayAndTime = zoned({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const day = zoned({ day: 'numeric', month: 'short', year: 'numeric' });
const hourAndMinute = zoned({ hour: '2-digit', minute: '2-digit' });
const shortDay = zoned({ day: 'numeric', month: 'short' });

/** A typographic minus, as wide as the plus. */
const minus = (text: string): string => text.replace('-', '−');

export const number = (value: number): string => minus(whole.format(value));
export const change = (value: number): string => minus(signed.format(value));
export const short = (value: number): string => minus(compact.format(value));
const signedShare = new Intl.NumberFormat('en-US', {
  style: 'percent',
  maximumFractionDigits: 0,
  signDisplay: 'exceptZero',
});

/** `+12 %`; above ten times as much the exact share tells nothing. */
export const signedPercent = (ratio: number): string => minus(signedShare.format(ratio)).replace('%', ' %');

/** What is expected: more digits than count would be a pretence. */
export const about = (value: number): string =>
  number(Math.abs(value) < 10 ? Math.round(value * 10) / 10 : Math.round(value));

export const percent = (ratio: number): string => share.format(ratio);
export const instant = (iso: string): string => moment(Date.parse(iso));
export const timeOfDay = (at: Date): string => clock(at.getTime());

/** For an axis: the hour, and at midnight the day instead. */
export function timeOrDayOf(ms: number, timeZone: string): string {
  const time = hourAndMinute(ms, timeZone);
  return time === '00:00' ? shortDay(ms, timeZone) : time;
}

export const dayOf = (ms: number, timeZone: string): string => shortDay(ms, timeZone);

/** The name of an interval: of a day its date, of what is shorter its beginning. */
export function bucket(iso: string, interval: Interval, timeZone: string): string {
  return (interval === 'minute' || interval === 'hour' ? dayAndTime : day)(Date.parse(iso), timeZone);
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
