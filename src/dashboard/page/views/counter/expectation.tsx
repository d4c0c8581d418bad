import type { JudgedHour } from '../../service/shapes.js';
import { about, bucket, dayOf, number, plural } from '../../text/format.js';
import type { Told } from './use-history.js';
import type { Outlook } from './use-outlook.js';

const DAY_HOURS = 24;

/** What the band and the marks of the chart say, in words. */
export function Expectation({ told, outlook }: { readonly told: Told; readonly outlook: Outlook }) {
  const byMidnight = expectedByMidnight(told, outlook);
  const { reaches } = outlook;
  const said = [
    pastText([...outlook.past.values()]),
    byMidnight === null ? '' : `Expected in all of today: about ${about(byMidnight)}.`,
    reaches === null
      ? ''
      : `If it goes on so, it reaches its ${reaches.bound === 'max' ? 'highest' : 'lowest'} allowed value of ` +
        `${number(reaches.value)} about ${bucket(reaches.at, 'hour', told.tz)}.`,
  ];
  return <p class="expectation">{said.filter((text) => text !== '').join(' ')}</p>;
}

function pastText(past: readonly JudgedHour[]): string {
  if (past.length === 0) return '';
  const [above, below] = (['above', 'below'] as const).map(
    (side) => past.filter(({ outside }) => outside === side).length,
  );
  const of = `of the last ${plural(past.length, 'hour', 'hours')}`;
  const parts = [
    [above, 'above'],
    [below, 'below'],
  ] as const;
  const odd = parts.filter(([count = 0]) => count > 0);
  const last = past.at(-1)?.outside ?? null;
  if (odd.length === 0) return `All ${of} were as expected.`;
  const counts = odd.map(([count = 0, side], index) => `${number(count)} ${index === 0 ? `${of} ` : ''}${side}`);
  return `Outside of the expected range: ${counts.join(' and ')}${last === null ? '' : ', the latest too'}.`;
}

/** What was counted today, with what is expected of the rest of it; null where not all of today is shown. */
function expectedByMidnight({ counters, tz }: Told, { day }: Outlook): number | null {
  const points = counters[0]?.points ?? [];
  const running = points.at(-1);
  if (running === undefined || points.length < DAY_HOURS) return null;
  const dayAt = (at: string) => dayOf(Date.parse(at), tz);
  const today = dayAt(running.at);
  const whole = points.slice(0, -1).filter(({ at }) => dayAt(at) === today);
  const rest = day.filter(({ at }) => dayAt(at) === today);
  const sum = (deltas: readonly { readonly delta: number }[]) => deltas.reduce((all, { delta }) => all + delta, 0);
  const beyond = Math.max(0, running.delta - (rest[0]?.delta ?? 0));
  return sum(whole) + sum(rest) + beyond;
}
