import { z } from 'zod';
import { NEWS_KINDS } from '../domain/happening.js';
import { Instant, limitUpTo, Moment } from '../web/shapes.js';

/** In one page: some 300 bytes each. */
const MAX_NEWS = 1_000;

export const NewsQuery = z.strictObject({
  from: Moment.optional().meta({ description: 'Not before it.' }),
  to: Moment.optional().meta({ description: 'Before it.' }),
  kind: z
    .enum(NEWS_KINDS, { error: `must be one of ${NEWS_KINDS.join(', ')}` })
    .optional()
    .meta({ description: 'Of this kind alone.' }),
  limit: limitUpTo(MAX_NEWS, 100),
  cursor: z
    .string()
    .regex(/^\d{1,18}[hd]\d{1,18}$/, { error: 'must be nextCursor of the page before' })
    .optional()
    .meta({ description: 'nextCursor of the page before.' }),
});

export const NewsItem = z
  .object({
    id: z.string(),
    at: Instant.meta({ description: "By the database's clock." }),
    kind: z.enum(NEWS_KINDS),
    instance: z.string().nullable().meta({ description: 'Which one noticed it; null of what somebody did.' }),
    detail: (z.looseObject({}) as z.ZodType<object>).meta({
      description: 'What there is to say of it: times in milliseconds, counts, or who did it.',
    }),
  })
  .meta({ id: 'Event' });

export const NewsPage = z.object({
  data: z.array(NewsItem).readonly(),
  hasMore: z.boolean(),
  nextCursor: z.string().nullable(),
});
