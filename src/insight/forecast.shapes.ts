import { z } from 'zod';
import { DEFAULT_LEVEL, MAX_HORIZON_HOURS, MAX_PAST_HOURS } from '../counters/forecasts/forecasts.service.js';
import { Count, Instant, limitUpTo, Value } from '../web/shapes.js';

const past = `must be a whole number from 0 to ${MAX_PAST_HOURS}`;
const level = 'must be a number above 0.5 and below 1, with at most three digits';

export const ForecastQuery = z.strictObject({
  hours: limitUpTo(MAX_HORIZON_HOURS, 24)
    .transform(Number)
    .meta({ description: 'How many hours, the one that is running first.' }),
  past: z
    .string()
    .regex(/^(0|[1-9]\d{0,2})$/, { error: past })
    .refine((text) => Number(text) <= MAX_PAST_HOURS, { error: past })
    .default('0')
    .meta({
      ...{ type: 'integer', minimum: 0, maximum: MAX_PAST_HOURS, default: 0, pattern: undefined },
      description: 'How many of the last hours that are over are told as well, with what was expected of them before.',
    })
    .transform(Number),
  level: z
    .string()
    .regex(/^0?\.\d{1,3}$/, { error: level })
    .refine((text) => Number(text) > 0.5, { error: level })
    .default(String(DEFAULT_LEVEL))
    .meta({
      ...{ type: 'number', exclusiveMinimum: 0.5, exclusiveMaximum: 1, default: DEFAULT_LEVEL, pattern: undefined },
      description: 'How many of 1 should lie within the range; at most three digits.',
    })
    .transform(Number),
});

const hour = {
  at: Instant,
  delta: z.number().meta({ description: 'What is expected.' }),
  low: z.number(),
  high: z.number(),
};

export const ForecastAnswer = z.object({
  data: z.array(z.object(hour)).meta({ description: 'Changes of hours.' }),
  past: z
    .array(
      z.object({
        ...hour,
        observed: z.number().meta({ description: 'What came.' }),
        outside: z.enum(['above', 'below']).nullable(),
      }),
    )
    .meta({
      description:
        'Hours that are over, as seen just before the first of them: fewer than were asked for, or none, where there is ' +
        'too little history before them.',
    }),
  basis: z.object({
    from: Instant,
    to: Instant,
    hours: Count,
    seasons: z.array(z.enum(['day', 'week'])).readonly(),
    model: z.enum(['mstl-ets', 'constant']).meta({ description: '"constant": every hour was as the other.' }),
  }),
  reaches: z
    .object({ bound: z.enum(['min', 'max']), value: Value, at: Instant })
    .nullable()
    .meta({ description: 'Which bound it will reach within a year, if it goes on so, and when.' }),
  madeAt: Instant,
});
