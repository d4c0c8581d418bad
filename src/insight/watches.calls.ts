import type { Call } from '../web/openapi/call.js';
import { TurnPage, TurnsQuery, Watch, WatchBody, WatchChangeBody, WatchesQuery, WatchPage } from './watches.shapes.js';

const path = { id: { description: 'The id of the watch.', example: 'w_5f1d3a8c9b2e4d70' } };

const AT = '2026-01-01T00:00:00.000Z';

const example = {
  id: 'w_5f1d3a8c9b2e4d70',
  label: 'too many errors',
  name: 'errors',
  prefix: null,
  when: { rate: { over: '1h', above: 100 } },
  for: '5m',
  hysteresis: 5,
  notify: ['wh_0a1b2c3d4e5f6071'],
  muted: false,
  state: 'ok',
  since: AT,
  counters: { firing: 0, ok: 1, noData: 0 },
  createdAt: AT,
  updatedAt: AT,
};

const body = {
  name: 'errors',
  when: { rate: { over: '1h', above: 100 } },
  for: '5m',
  notify: ['wh_0a1b2c3d4e5f6071'],
  label: 'too many errors',
};

const json = { schema: Watch, example };

/** Watches, and how they stand. */
export const watchCalls: readonly Call[] = [
  {
    route: 'GET /v1/watches',
    id: 'listWatches',
    tag: 'watches',
    summary: 'A page of watches, by id',
    description: 'With how they stand, each as a whole, or one counter of theirs.',
    query: WatchesQuery,
    answers: {
      200: {
        description: 'A page.',
        json: { schema: WatchPage, example: { data: [example], hasMore: false, nextCursor: null } },
      },
    },
  },
  {
    route: 'POST /v1/watches',
    id: 'makeWatch',
    tag: 'watches',
    summary: 'Watch a counter, or each counter of a prefix',
    description:
      'It fires within 10 s of the commit that makes it so, once, and webhooks are told; once more when it is ok again. ' +
      'Values and silences follow each commit, also those that were made while nobody looked.',
    body: { schema: WatchBody, required: true, example: body },
    answers: { 201: { description: 'The watch.', headers: ['Location'], json } },
  },
  {
    route: 'GET /v1/watches/:id',
    id: 'showWatch',
    tag: 'watches',
    summary: 'A watch, and how it stands',
    description: 'Of a prefix: on how many counters it fires.',
    path,
    answers: { 200: { description: 'The watch.', json } },
    refusals: ['not_found'],
  },
  {
    route: 'PUT /v1/watches/:id',
    id: 'replaceWatch',
    tag: 'watches',
    summary: 'Put another watch in its place',
    description: 'Where it is about another counter or fires for another reason, its states begin anew.',
    path,
    body: { schema: WatchBody, required: true, example: body },
    answers: { 200: { description: 'The watch as it is now.', json } },
    refusals: ['not_found'],
  },
  {
    route: 'PATCH /v1/watches/:id',
    id: 'changeWatch',
    tag: 'watches',
    summary: 'Change a watch, or mute it',
    description: 'What is left out stays. Of one that fires and is no longer muted, webhooks are told now.',
    path,
    body: { schema: WatchChangeBody, required: true, example: { muted: true } },
    answers: { 200: { description: 'The watch as it is now.', json } },
    refusals: ['not_found'],
  },
  {
    route: 'DELETE /v1/watches/:id',
    id: 'removeWatch',
    tag: 'watches',
    summary: 'Watch it no more',
    description: 'What its states were goes with it; what is being told is told still.',
    path,
    answers: { 204: { description: 'It is gone.' } },
    refusals: ['not_found'],
  },
  {
    route: 'GET /v1/watches/:id/turns',
    id: 'listTurns',
    tag: 'watches',
    summary: 'When a watch fired, and when no longer',
    description: 'The latest first. Kept for 90 days.',
    path,
    query: TurnsQuery,
    answers: {
      200: {
        description: 'Its turns.',
        json: {
          schema: TurnPage,
          example: { data: [{ counter: 'errors', at: AT, from: 'ok', to: 'firing', observed: 120 }] },
        },
      },
    },
    refusals: ['not_found'],
  },
];
