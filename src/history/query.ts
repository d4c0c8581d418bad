import { z } from 'zod';
import { UTC, type Zone as TimeZone, zoneOf } from '../domain/zone.js';
import { DAY_MS } from '../domain/time.js';
import { refuse } from '../web/problems/problem.js';
import { limitUpTo, Moment, Name, Prefix } from '../web/shapes.js';
import { type HistoryRange, MAX_POINTS } from '../counters/history/history.js';
import { backFrom, beginOf, beginsBetween, INTERVALS } from '../counters/history/intervals.js';
import { LONGEST_OVER_DAYS, NAMED, overOf, periodOf } from '../counters/history/periods.js';
import { MAX_RANKED } from '../counters/history/rankings.service.js';

const instant = 'must be a date or a date-time of ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z';

/** A moment, or a day of the zone that is asked for; both in ms since 1970, the day as if it were one of UTC. */
type Asked = { readonly ms: number } | { readonly dayMs: number };

const DATE = /^\d{4}-\d\d-\d\d$/;

const Instant = z
  .union([Moment, z.iso.date({ error: instant })], { error: instant })
  .refine((text) => !Number.isNaN(Date.parse(text)), { error: instant })
  .transform((text): Asked => (DATE.test(text) ? { dayMs: Date.parse(text) } : { ms: Date.parse(text) }));

/** A zone of IANA's list, by name. */
const Zone = z
  .string()
  .meta({ description: 'Where days, weeks and months begin: a time zone of IANA, UTC where it is left out.' })
  .transform((name, context) => {
    const zone = zoneOf(name);
    if (zone !== null) return zone;
    context.addIssue({ code: 'custom', message: 'must be a time zone of IANA, such as UTC or Asia/Kolkata' });
    return z.NEVER;
  });

const Over = z
  .string()
  .meta({
    description:
      `A length that ends now, such as 1h, 24h, 7d, 30d or P7D, up to ${LONGEST_OVER_DAYS}d; or ${NAMED.join(', ')}. A ` +
      'length is that many whole minutes (up to 2 hours), hours (up to 14 days) or days; the one that is running is the ' +
      'last of them.',
  })
  .transform((text, context) => {
    const over = overOf(text);
    if (over !== null) return over;
    const lengths = `a length such as 1h, 24h, 7d or P30D up to ${LONGEST_OVER_DAYS}d`;
    context.addIssue({ code: 'custom', message: `must be ${lengths}, or one of ${NAMED.join(', ')}` });
    return z.NEVER;
  });

/** The most counters of one answer. */
export const MAX_HISTORIES = 20;

export const HistoryQuery = z.strictObject({
  from: Instant.optional().meta({
    description: 'Where it begins; a date is a day of "tz". Left out: so far back as a chart mostly shows.',
  }),
  to: Instant.optional().meta({
    description: 'The moment after its end; a date is a day of "tz", and not in it. Left out, or in the future: now.',
  }),
  over: Over.optional().meta({ description: 'In place of "from" and "to": a period, as /v1/top takes it.' }),
  interval: z
    .enum(INTERVALS, { error: `must be one of ${INTERVALS.join(', ')}` })
    .optional()
    .meta({ description: 'Weeks begin on Mondays. Left out: hour, or what suits the period.' }),
  tz: Zone.optional(),
});

export const HistoriesQuery = HistoryQuery.extend({
  name: z
    .array(Name)
    .min(1, { error: 'must be there at least once' })
    .max(MAX_HISTORIES, { error: `may be there ${MAX_HISTORIES} times at most` }),
});

export const SummaryQuery = z.strictObject({
  prefix: Prefix.default(''),
  over: Over.optional().meta({ description: 'Tells what they gained in this period, too; as /v1/top takes it.' }),
  tz: Zone.optional(),
});

export const TopQuery = z.strictObject({
  prefix: Prefix.default(''),
  by: z
    .enum(['value', 'change'], { error: 'must be value or change' })
    .default('value')
    .meta({ description: 'What they are ranked by.' }),
  over: Over.optional(),
  tz: Zone.optional(),
  limit: limitUpTo(MAX_RANKED, 10).transform(Number),
});

/** Where nothing is said. */
export const DEFAULT_OVER = { lengthMs: DAY_MS } as const;

/** What is answered where `from` is left out: what a chart of such points mostly shows. */
const DEFAULT_POINTS = { minute: 60, hour: 24, day: 30, week: 12, month: 12 } as const;

/**
 * The range that a query asks for, up to now.
 *
 * @throws ProblemError `invalid_request` where it is empty, or has too many points
 */
export function rangeOf(query: z.output<typeof HistoryQuery>, nowMs: number): HistoryRange {
  const { over, tz: zone = UTC } = query;
  const [from, to] = [momentOf(query.from, zone), momentOf(query.to, zone)];
  if (over !== undefined && (from !== undefined || to !== undefined)) {
    refuse('The query parameter "over" says what "from" and "to" would: it must be there without them.');
  }
  const period = over === undefined ? null : periodOf(over, zone, nowMs);
  const interval = query.interval ?? period?.interval ?? 'hour';
  const endMs = Math.min(period?.toMs ?? to ?? Infinity, nowMs);
  const askedMs = period?.fromMs ?? from;
  if (askedMs !== undefined && askedMs >= endMs) {
    const limit = to === undefined || to > nowMs ? 'must be in the past' : 'must be before "to"';
    refuse(`The query parameter "from" ${limit}.`);
  }
  // The interval in which the end lies is shown as far as it has come.
  const lastMs = beginOf(interval, zone, endMs - 1);
  const fromMs = askedMs ?? backFrom(interval, zone, lastMs, DEFAULT_POINTS[interval] - 1);
  const begins = beginsBetween(interval, zone, fromMs, endMs, MAX_POINTS);
  if (begins === null) {
    refuse(
      `From the query parameter "${over === undefined ? 'from' : 'over'}" on there are more than ${MAX_POINTS} intervals of ` +
        `one ${interval}, and one answer has no more. Ask for a coarser interval, or in parts.`,
    );
  }
  return { interval, zone, begins, endMs };
}

function momentOf(asked: Asked | undefined, zone: TimeZone): number | undefined {
  if (asked === undefined) return undefined;
  return 'ms' in asked ? asked.ms : zone.beginOfDay(asked.dayMs / DAY_MS);
}
