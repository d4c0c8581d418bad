import type { Call } from '../openapi/call.js';

/** The pages that `type` of a problem points to. */
export const problemCalls: readonly Call[] = [
  {
    route: 'GET /problems/:code',
    id: 'explainProblem',
    tag: 'problems',
    summary: 'What a problem means',
    description: 'The page that `type` of a problem document leads to.',
    path: { code: { description: 'The code of a problem.', example: 'out_of_bounds' } },
    answers: {
      200: { description: 'A page.', text: { 'text/html': '<!doctype html><h1>Out of bounds</h1>' } },
    },
    refusals: ['not_found'],
  },
];
