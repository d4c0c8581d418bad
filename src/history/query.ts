import { BadRequestException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { faultOfName, faultOfPrefix } from '../domain/operands.js';
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

const Prefix = z
  .string()
  .refine((text) => faultOfPrefix(text) === null, {
    error: 'must be the beginning of a name',
  })
  .default('');

export const SummaryQuery = z.strictObject({ prefix: Prefix });

const limits = `must be a whole number from 1 to ${MAX_RANKED}`;

export const TopQuery = z.strictObject({
  prefix: Prefix,
  by: z.enum(['value', 'change'], { error: 'must be value or change' }).default('value'),
  over: z.enum(Object.keys(PERIODS) as Period[], { error: 'must be 1h, 24h, 7d or 30d' }).default('24h'),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, { error: limits })
    .transform(Number)
    .refine((limit) => limit <= MAX_RANKED, { error: limits })
    .default(10),
});

/** What is answered where `from` is left out: what a chart of such points mostly shows. */
const DEFAULT_POINTS = { minute: 60, hour: 24, day: 30 } as const;

/**
 * The range that a query asks for, up to now.
 *
 * @throws BadRequestException where it is empty, or has too many points
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
    throw new BadRequestException(`The query parameter "from" ${limit}.`);
  }
  const count = (toMs - fromMs) / stepMs;
  if (count > MAX_POINTS) {
    throw new BadRequestException(
      `The query parameter "from" is ${count} intervals of a ${interval} before "to"; one answer has at most ` +
        `${MAX_POINTS}. Ask for a coarser interval, or in parts.`,
    );
  }
  return { interval, fromMs, toMs };
}

/**
 * The name of the counter in the path.
 *
 * @throws BadRequestException
 */
export function nameOf(name: string): string {
  const fault = faultOfName(name);
  if (fault !== null) throw new BadRequestException(`The name ${fault}.`);
  return name;
}

/**
 * The query parameters in the shape of a schema.
 *
 * @throws BadRequestException for an unknown one and for one that is there twice, too
 */
export function queryOf<S extends z.ZodType>(schema: S, request: FastifyRequest): z.output<S> {
  const url = request.raw.url ?? '';
  const at = url.indexOf('?');
  const text = at === -1 ? '' : url.slice(at + 1);
  refuseBrokenEncoding(text);
  const searchParams = new URLSearchParams(text);
  const names = [...searchParams.keys()];
  if (new Set(names).size < names.length) throw new BadRequestException('A query parameter is there twice.');
  const parsed = schema.safeParse(Object.fromEntries(searchParams));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BadRequestException(
    issue === undefined || issue.code === 'unrecognized_keys'
      ? 'The query has a parameter not known here.'
      : `The query parameter "${issue.path.map(String).join('.')}" ${issue.message}.`,
  );
}

/** Otherwise what is broken would silently be read as something else. */
function refuseBrokenEncoding(text: string): void {
  try {
    decodeURIComponent(text);
  } catch {
    throw new BadRequestException('The query is not valid percent-encoded UTF-8.');
  }
}
