const problem = { $ref: '#/components/responses/Problem' };

const probe = (operationId: string, summary: string, properties: Record<string, unknown>) => ({
  operationId,
  summary,
  tags: ['health'],
  responses: {
    '200': {
      description: 'Yes.',
      content: { 'application/json': { schema: { type: 'object', required: ['status'], properties } } },
    },
    '5XX': problem,
  },
});

/** The probes, for the OpenAPI document. */
export const healthPaths = {
  '/livez': { get: probe('live', 'Is the process alive?', { status: { const: 'ok' } }) },
  '/readyz': {
    get: {
      ...probe('ready', 'Should requests be sent to this instance?', {
        status: { enum: ['ok', 'degraded'] },
        postgres: { enum: ['up', 'down'] },
        redis: { enum: ['up', 'degraded'] },
      }),
      parameters: [
        {
          name: 'degraded',
          in: 'query',
          description: '"ok": also ready while Postgres is away and cached reads can be answered.',
          schema: { const: 'ok' },
        },
      ],
    },
  },
};
