import type { Call } from '../web/openapi/call.js';
import { DeliveryBody, DeliveryResults, EdgePosition } from './edges.shapes.js';

const path = {
  id: { description: 'The id of the edge, a UUID that it chose.', example: '6f1f5b0e-8a6f-4f0a-9d0b-3f1f2a9c7b11' },
};

const digest = 'c0ffee5e3e6f0f2b7f6f1c1b0a9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d';

/** What places without a network call: see docs/edge.md. */
export const edgeCalls: readonly Call[] = [
  {
    route: 'POST /v1/edges/:id/deliveries',
    id: 'deliverIncrements',
    tag: 'edges',
    summary: 'Deliver what an edge counted',
    description:
      'Exactly once, however often it is sent and however late: the place of the edge is moved in the transaction that ' +
      'adds, and each delivery names its predecessor. The same once more is answered the same. What breaks a rule is ' +
      'refused alone. The body may be compressed by gzip.',
    path,
    body: {
      schema: DeliveryBody,
      required: true,
      example: {
        from: 41,
        to: 42,
        previous: digest,
        nonce: '0b9d3f1e-6f1f-4b0e-8a6f-7b113f1f2a9c',
        more: false,
        increments: [{ name: 'shop:berlin:visitors', by: 17, at: '2026-01-01T08:30:00Z' }],
      },
    },
    answers: {
      200: {
        description: 'What each item came to, in order.',
        json: { schema: DeliveryResults, example: { results: [{ status: 200, value: 1017 }] } },
      },
    },
    refusals: ['edge_gap', 'edge_forked', 'in_progress', 'outcome_unknown', 'quota_exceeded'],
  },
  {
    route: 'GET /v1/edges/:id',
    id: 'readEdge',
    tag: 'edges',
    summary: 'How far an edge has come',
    description: 'For the edge itself, when it finds a gap. Of an edge that never delivered: "last" is 0.',
    path,
    answers: {
      200: {
        description: 'Its place.',
        json: {
          schema: EdgePosition,
          example: { last: 42, digest, deliveredAt: '2026-01-01T09:00:00.000Z', refused: 0 },
        },
      },
    },
  },
];
