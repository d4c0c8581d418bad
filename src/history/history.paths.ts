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
};
