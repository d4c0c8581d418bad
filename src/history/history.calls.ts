import { z } from 'zod';
import type { Call } from '../web/openapi/call.js';
import { Count, Instant, Whole } from '../web/shapes.js';
import { INTERVALS } from '../counters/history/intervals.js';
import { HistoryQuery, MAX_HISTORIES, SummaryQuery, TopQuery } from './query.js';

const AsOf = Instant.meta({ description: 'When the counters were looked at: now, or some seconds ago.' });

const Points = z.array(
  z.object({
    at: Instant.meta({ description: 'The beginning of the interval, in UTC.' }),
    delta: Whole.meta({ description: 'The value less that of the point before.' }),
    value: Whole.meta({ description: 'At the end of the interval.' }),
  }),
);

const range = {
  tz: z.string().meta({
    description:
      'Where the intervals begin: as asked, or, where days are told from before hours are kept, where those begin.',
  }),
  interval: z.enum(INTERVALS),
};

const History = z.object({ data: Points, ...range });

const Histories = z.object({
  data: z.record(z.string(), Points.nullable()).meta({ description: 'By name; null where there is no counter.' }),
  ...range,
});

const period = {
  from: Instant.meta({ description: 'The first moment of the period.' }),
  to: Instant.meta({ description: 'The moment after its last.' }),
  tz: z.string().meta({ description: 'Where it begins: as asked, or where the days begin that it is told by.' }),
};

const Summary = z.object({
  prefix: z.string(),
  count: Count,
  sum: Whole.meta({ description: 'All its digits; beyond 2^53 - 1 many readers of JSON round it.' }),
  change: Whole.optional().meta({
    description: 'What those that are there gained in the period, where one is asked for.',
  }),
  from: period.from.optional(),
  to: period.to.optional(),
  tz: period.tz.optional(),
  asOf: AsOf,
});

const Top = z.object({
  data: z.array(
    z.object({
      name: z.string(),
      value: Whole,
      change: Whole.meta({ description: 'What it gained in the period.' }),
    }),
  ),
  ...period,
  asOf: AsOf,
});

const AT = '2026-01-01T00:00:00.000Z';

const SLOW = 'Where it takes more than 5 s it is 503, and mostly there when it is asked for again.';

/** The calls that tell of time and of many. */
export const historyCalls: readonly Call[] = [
  {
    route: 'GET /v1/counters/:name/history',
    id: 'readHistory',
    tag: 'history',
    summary: 'Changes of a counter over time',
    description:
      'A point for each interval, where nothing changed too, from the first change of the counter on. The deltas add up ' +
      'to what the counter gained. A change may be told a few seconds late, and minutes and hours are not kept for ever. ' +
      'Left out, "from" is 60 minutes, 24 hours, 30 days, 12 weeks or 12 months before "to", and "to" is now.',
    path: { name: { description: 'The name of the counter, percent-encoded.', example: 'page:/home' } },
    query: HistoryQuery,
    answers: {
      200: {
        description: 'The points, oldest first.',
        json: {
          schema: History,
          example: { data: [{ at: AT, delta: 5, value: 15 }], tz: 'UTC', interval: 'hour' },
        },
      },
    },
    refusals: ['not_found'],
  },
  {
    route: 'GET /v1/history',
    id: 'readHistories',
    tag: 'history',
    summary: 'Changes of several counters over time',
    description:
      'On one scale: a point of each counter for each interval of the range as far as it is kept, at 0 until the counter ' +
      'came into being. Not a snapshot.',
    query: HistoryQuery,
    lists: {
      name: { description: 'A counter, once for each.', maxItems: MAX_HISTORIES, example: ['page:/home'] },
    },
    answers: {
      200: {
        description: 'The points of each, oldest first.',
        json: {
          schema: Histories,
          example: { data: { 'page:/home': [{ at: AT, delta: 5, value: 15 }] }, tz: 'UTC', interval: 'hour' },
        },
      },
    },
  },
  {
    route: 'GET /v1/summary',
    id: 'sumCounters',
    tag: 'history',
    summary: 'Number and sum of counters',
    description: `Exact at the instant it names; the answer is kept for a while, the longer the more there is to add up. ${SLOW}`,
    query: SummaryQuery,
    answers: {
      200: {
        description: 'How many there are, and what they come to.',
        json: { schema: Summary, example: { prefix: 'page:', count: 2, sum: 30, asOf: AT } },
      },
    },
  },
  {
    route: 'GET /v1/top',
    id: 'rankCounters',
    tag: 'history',
    summary: 'The first counters by value or by change',
    description:
      'The highest first; by change, of those that changed in the period, which is 24h where nothing is said. A change of ' +
      'the last seconds may be missing; the answer is kept for a while, the longer the more there is to rank. ' +
      SLOW,
    query: TopQuery,
    answers: {
      200: {
        description: 'The ranking.',
        json: {
          schema: Top,
          example: {
            data: [{ name: 'page:/home', value: 15, change: 5 }],
            from: '2025-12-31T01:00:00.000Z',
            to: AT,
            tz: 'UTC',
            asOf: AT,
          },
        },
      },
    },
  },
];
