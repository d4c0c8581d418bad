import type { Call } from '../web/openapi/call.js';
import { ForecastAnswer, ForecastQuery } from './forecast.shapes.js';

const AT = '2026-01-29T00:00:00.000Z';

/** What is to be expected. */
export const forecastCalls: readonly Call[] = [
  {
    route: 'GET /v1/counters/:name/forecast',
    id: 'forecastCounter',
    tag: 'history',
    summary: 'What a counter is expected to gain, hour by hour',
    description:
      'From up to four weeks of hours, with the seasons of the day and, from four weeks on, of the week. It takes 14 days of ' +
      'history. Made once an hour.',
    path: { name: { description: 'The name of the counter, percent-encoded.', example: 'page:/home' } },
    query: ForecastQuery,
    answers: {
      200: {
        description: 'The hours to come.',
        json: {
          schema: ForecastAnswer,
          example: {
            data: [{ at: AT, delta: 41.2, low: 28.5, high: 56.1 }],
            past: [],
            basis: {
              from: '2026-01-01T00:00:00.000Z',
              to: AT,
              hours: 672,
              seasons: ['day', 'week'],
              model: 'mstl-ets',
            },
            reaches: { bound: 'max', value: 100000, at: '2026-02-05T14:00:00.000Z' },
            madeAt: AT,
          },
        },
      },
    },
    refusals: ['not_found', 'not_enough_history'],
  },
];
