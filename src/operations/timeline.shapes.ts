import { z } from 'zod';
import { Count, Instant } from '../web/shapes.js';
import { NewsItem } from './news.shapes.js';

/** How far back, and by which steps, in seconds: some two hundred points each. */
export const SPANS = {
  '5m': { seconds: 300, stepSeconds: 5 },
  '15m': { seconds: 900, stepSeconds: 5 },
  '1h': { seconds: 3_600, stepSeconds: 20 },
  '6h': { seconds: 21_600, stepSeconds: 120 },
  '24h': { seconds: 86_400, stepSeconds: 480 },
} as const;

const NAMES = Object.keys(SPANS) as (keyof typeof SPANS)[];

export const TimelineQuery = z.strictObject({
  over: z
    .enum(NAMES, { error: `must be one of ${NAMES.join(', ')}` })
    .default('5m')
    .meta({ description: 'How far back.' }),
});

const Rate = z.number().min(0);
const Ms = z.number().min(0).nullable();

const Point = z
  .object({
    at: Instant.meta({ description: 'Where the step begins.' }),
    hits: Rate.meta({ description: 'Reads of one counter from the cache, a second, by all instances together.' }),
    misses: Rate,
    bypasses: Rate.meta({ description: 'From Postgres, since the cache could not be asked, or was not to be.' }),
    unverified: Rate.meta({ description: 'From the cache, while Postgres was away.' }),
    increments: Rate,
    otherWrites: Rate.meta({ description: 'Sets, resets, deletions, changes of expiry.' }),
    failures: Rate.meta({ description: 'Writes that could not be answered.' }),
    commitMs: Ms.meta({ description: 'The mean; null without any.' }),
    commitP99Ms: Ms.meta({ description: 'At most, of the slowest instance.' }),
    publishMs: Ms,
    publishP99Ms: Ms,
    queue: Count.meta({ description: 'Writes that waited, at most.' }),
    instances: Count.meta({ description: 'That told of themselves.' }),
    serving: Count.meta({ description: 'Of them, those that served entries in all of it.' }),
  })
  .meta({ id: 'TimelinePoint' });

export const Timeline = z.object({
  from: Instant,
  to: Instant,
  stepMs: Count,
  points: z.array(Point).readonly().meta({ description: 'In order; steps of which nothing is known are left out.' }),
  marks: z.array(NewsItem).max(200).readonly().meta({ description: 'What happened meanwhile, latest first.' }),
});
