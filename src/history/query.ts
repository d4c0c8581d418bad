import { z } from 'zod';
import { refuse } from '../web/problems/problem.js';
import { limitUpTo, Prefix } from '../web/shapes.js';
import { beginOf, type HistoryRange, INTERVAL_MS, MAX_POINTS } from '../counters/history/history.js';
import { MAX_RANKED, type Period, PERIODS } from '../counters/history/rankings.service.js';

const instant = 'must be a date or a date-time of ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z';

const Instant = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: instant })
  .transform((text) => Date.parse(text))
  .refine((ms) => !Number.isNaN(ms), { error: instant });

export const HistoryQuery = z.strictObject({
  from: Instant.optional(),
  to: Instant.optional(),
  interval: z.enum(['minute', 'hour', 'day'], { error: 'must be minute, hour or day' }).default('hour'),
});

export const SummaryQuery = z.strictObject({ prefix: Prefix.default('') });

export const TopQuery = z.strictObject({
  prefix: Prefix.default(''),
  by: z.enum(['value', 'change'], { error: 'must be value or change' }).default('value'),
  over: z.enum(Object.keys(PERIODS) as Period[], { error: 'must be 1h, 24h, 7d or 30d' }).default('24h'),
  limit: limitUpTo(MAX_RANKED, 10).transform(Number),
});

/** What is answered where `from` is left out: what a chart of such points mostly shows. */
const DEFAULT_POINTS = { minute: 60, hour: 24, day: 30 } as const;

/**
 * The range that a query asks for, up to now.
 *
 * @throws ProblemError `invalid_request` where it is empty, or has too many points
 */
export function rangeOf(query: z.output<typeof HistoryQuery>, nowMs: number): HistoryRange {
  const { interval } = query;
  const stepMs = INTERVAL_MS[interval];
  const endMs = Math.min(query.to ?? Infinity, nowMs);
  // The interval in which the end lies is shown as far as it has come.
  const toMs = beginOf(interval, endMs - 1) + stepMs;
  const fromMs = query.from === undefined ? toMs - DEFAULT_POINTS[interval] * stepMs : beginOf(interval, query.from);
  if (query.from !== undefined && query.from >= endMs) {
    const limit = query.to === undefined || query.to > nowMs ? 'must be in the past' : 'must be before "to"';
    refuse(`The query parameter "from" ${limit}.`);
  }
  const count = (toMs - fromMs) / stepMs;
  if (count > MAX_POINTS) {
    refuse(
      `The query parameter "from" is ${count} intervals of a ${interval} before "to"; one answer has at most ` +
        `${MAX_POINTS}. Ask for a coarser interval, or in parts.`,
    );
  }
  return { interval, fromMs, toMs };
}
