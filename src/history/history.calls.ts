import { z } from 'zod';
import type { Call } from '../web/openapi/call.js';
import { Count, Instant, Whole } from '../web/shapes.js';
import { HistoryQuery, SummaryQuery, TopQuery } from './query.js';

const AsOf = Instant.meta({ description: 'When the counters were looked at: now, or some seconds ago.' });

const Points = z.object({
  data: z.array(
    z.object({
      at: Instant.meta({ description: 'The beginning of the interval, in UTC.' }),
      delta: Whole.meta({ description: 'The value less that of the point before.' }),
      value: Whole.meta({ description: 'At the end of the interval.' }),
    }),
  ),
});

const Summary = z.object({
  prefix: z.string(),
  count: Count,
  sum: Whole.meta({ description: 'All its digits; beyond 2^53 - 1 many readers of JSON round it.' }),
  asOf: AsOf,
});

const Top = z.object({
  data: z.array(
    z.object({
      name: z.string(),
      value: Whole,
      change: Whole.meta({ description: 'The value less that before the period.' }),
    }),
  ),
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
      'to what the counter gained. A change may be told a few seconds late, and minutes and hours are not kept for ever.',
    path: { name: { description: 'The name of the counter, percent-encoded.', example: 'page:/home' } },
    query: HistoryQuery,
    answers: {
      200: {
        description: 'The points, oldest first.',
        json: { schema: Points, example: { data: [{ at: AT, delta: 5, value: 15 }] } },
      },
    },
    refusals: ['not_found'],
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
      'The highest first. A counter that changed in the last two minutes only may be missing by change; the answer is ' +
      `kept for a while, the longer the more there is to rank. ${SLOW}`,
    query: TopQuery,
    answers: {
      200: {
        description: 'The ranking.',
        json: { schema: Top, example: { data: [{ name: 'page:/home', value: 15, change: 5 }], asOf: AT } },
      },
    },
  },
];
