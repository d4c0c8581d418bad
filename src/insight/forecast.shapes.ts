import { z } from 'zod';
import { DEFAULT_LEVEL, MAX_HORIZON_HOURS } from '../counters/forecasts/forecasts.service.js';
import { Count, Instant, limitUpTo, Value } from '../web/shapes.js';

const level = 'must be a number above 0.5 and below 1, with at most three digits';

export const ForecastQuery = z.strictObject({
  hours: limitUpTo(MAX_HORIZON_HOURS, 24)
    .transform(Number)
    .meta({ description: 'How many hours, the one that is running first.' }),
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

export const ForecastAnswer = z.object({
  data: z
    .array(
      z.object({
        at: Instant,
        delta: z.number().meta({ description: 'What is expected.' }),
        low: z.number(),
        high: z.number(),
      }),
    )
    .meta({ description: 'Changes of hours.' }),
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
