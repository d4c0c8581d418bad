const problem = { $ref: '#/components/responses/Problem' };

/** The numbers of an instance, for the OpenAPI document. */
export const metricsPaths = {
  '/metrics': {
    get: {
      operationId: 'showMetrics',
      summary: 'The numbers of this instance, for Prometheus',
      description: 'No name of a counter is in it. Also while servers are away; what cannot be learned is left out.',
      tags: ['health'],
      responses: {
        '200': {
          description: 'In the text format of Prometheus.',
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
        '4XX': problem,
        '5XX': problem,
      },
    },
  },
};
