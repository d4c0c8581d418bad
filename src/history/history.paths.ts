import { MAX_RANKED, PERIODS } from '../counters/history/rankings.service.js';

const problems = {
  '4XX': { $ref: '#/components/responses/Problem' },
  '5XX': { $ref: '#/components/responses/Problem' },
};

const instant = { type: 'string', format: 'date-time' };

const object = (properties: Record<string, object>) => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

const answer = (description: string, schema: object) => ({
  description,
  content: { 'application/json': { schema } },
});

const parameter = (name: string, description: string, schema: object) => ({ name, in: 'query', description, schema });

const prefix = parameter('prefix', 'Only counters whose names begin with it.', { type: 'string', default: '' });

const asOf = { ...instant, description: 'When the counters were looked at: now, or some seconds ago.' };

const SLOW = 'Where it takes more than 5 s it is 503, and mostly there when it is asked for again.';

/** The calls that tell of time and of many, for the OpenAPI document. */
export const historyPaths = {
  '/v1/counters/{name}/history': {
    get: {
      operationId: 'readHistory',
      summary: 'Changes of a counter over time',
      tags: ['history'],
      parameters: [
        { name: 'name', in: 'path', required: true, description: 'Percent-encoded.', schema: { type: 'string' } },
        parameter('from', 'ISO 8601. Left out: 60 minutes, 24 hours or 30 days before "to".', instant),
        parameter('to', 'ISO 8601, now at the latest, and where it is left out.', instant),
        parameter('interval', 'At most 2,000 of them in one answer.', {
          enum: ['minute', 'hour', 'day'],
          default: 'hour',
        }),
      ],
      responses: {
        '200': answer(
          'A point for each interval, where nothing changed too, from the first change of the counter on. The deltas ' +
            'add up to what the counter gained. A change may be told a few seconds late, and minutes and hours are ' +
            'not kept for ever.',
          object({
            data: {
              type: 'array',
              items: object({
                at: { ...instant, description: 'The beginning of the interval, in UTC.' },
                delta: { type: 'integer', description: 'The value less that of the point before.' },
                value: { type: 'integer', description: 'At the end of the interval.' },
              }),
            },
          }),
        ),
        ...problems,
      },
    },
  },
  '/v1/summary': {
    get: {
      operationId: 'sumCounters',
      summary: 'Number and sum of counters',
      tags: ['history'],
      parameters: [prefix],
      responses: {
        '200': answer(
          'Exact at the instant it names; the answer is kept for a while, the longer the more there is to add up. ' +
            SLOW,
          object({
            prefix: { type: 'string' },
            count: { type: 'integer', minimum: 0 },
            sum: { type: 'integer', description: 'All its digits; beyond 2^53 - 1 many readers of JSON round it.' },
            asOf,
          }),
        ),
        ...problems,
      },
    },
  },
  '/v1/top': {
    get: {
      operationId: 'rankCounters',
      summary: 'The first counters by value or by change',
      tags: ['history'],
      parameters: [
        prefix,
        parameter('by', 'By change, only counters that changed in the period are ranked.', {
          enum: ['value', 'change'],
          default: 'value',
        }),
        parameter('over', 'The period of the change; it begins with a minute, an hour or, for 30d, a day.', {
          enum: Object.keys(PERIODS),
          default: '24h',
        }),
        parameter('limit', 'How many at most.', { type: 'integer', minimum: 1, maximum: MAX_RANKED, default: 10 }),
      ],
      responses: {
        '200': answer(
          'The highest first. A counter that changed in the last two minutes only may be missing by change; the ' +
            `answer is kept for a while, the longer the more there is to rank. ${SLOW}`,
          object({
            data: {
              type: 'array',
              items: object({
                name: { type: 'string' },
                value: { type: 'integer' },
                change: { type: 'integer', description: 'The value less that before the period.' },
              }),
            },
            asOf,
          }),
        ),
        ...problems,
      },
    },
  },
};
