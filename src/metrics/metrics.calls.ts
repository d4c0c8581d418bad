import type { Call } from '../web/openapi/call.js';

const BUILD = 'evercount_build_info{version="1.0.0",node="20.19.0"} 1\n';

/** The numbers of an instance. */
export const metricsCalls: readonly Call[] = [
  {
    route: 'GET /metrics',
    id: 'showMetrics',
    tag: 'health',
    summary: 'The numbers of this instance, for Prometheus',
    description:
      'No name of a counter is in it. Also while servers are away; what cannot be learned is left out. With ' +
      '`Accept: application/openmetrics-text` it is OpenMetrics, with exemplars where requests are traced.',
    answers: {
      200: {
        description: 'In the text format of Prometheus, or as OpenMetrics.',
        text: { 'text/plain': BUILD, 'application/openmetrics-text': `${BUILD}# EOF\n` },
      },
    },
  },
];
