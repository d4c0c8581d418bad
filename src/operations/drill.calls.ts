import type { Call } from '../web/openapi/call.js';
import { BegunDrill, DrillBody } from './drill.shapes.js';

/** The drill. */
export const drillCalls: readonly Call[] = [
  {
    route: 'POST /v1/admin/drill',
    id: 'drill',
    tag: 'admin',
    summary: 'Show what a lost cache costs, on this running service',
    description:
      'Puts light load on counters of its own, removes the entries of this service, and looks whether anything is ' +
      'counted or read wrong, and how long reads are slower. Real counters are only read. It is run by the instance ' +
      'that is asked; `GET /v1/events` and the stream tell when it begins (`drill.begin`) and what it came to (`drill.end`).',
    body: { schema: DrillBody, required: false, example: { seconds: 5 } },
    answers: {
      202: {
        description: 'It has begun.',
        json: { schema: BegunDrill, example: { drill: { state: 'running', seconds: 5, sample: 200 } } },
      },
    },
    refusals: ['in_progress'],
  },
];
