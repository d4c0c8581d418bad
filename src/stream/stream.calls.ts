import { z } from 'zod';
import type { Call } from '../web/openapi/call.js';
import { MAX_NAMES, MAX_PREFIXES, MAX_SNAPSHOT_OF_PREFIX } from './limits.js';

const StreamQuery = z.object({
  events: z
    .literal('true')
    .optional()
    .meta({ description: 'Tells what happens to the service too; for the scope "admin".' }),
});

/** The stream. */
export const streamCalls: readonly Call[] = [
  {
    route: 'GET /v1/stream',
    id: 'streamCounters',
    tag: 'stream',
    summary: 'Counters as they change',
    description:
      'Server-sent events. `snapshot`, first: an array of the counters there are; of a prefix, the first ' +
      `${MAX_SNAPSHOT_OF_PREFIX} by name. It comes again when Postgres was restarted or another one took over, and ` +
      'takes the place of all that was told before, lower versions included: what was lost is not in it. `change`: a ' +
      'counter as it is now, or {"name", "deleted": true, "version"}; at most 4 a second for each counter, of all ' +
      'that begin with a prefix. `status`: {"feed": "live"}; "polled" while Redis is away and values are looked up ' +
      'about once a second (of a prefix, those of its snapshot and those that changed before); "stalled" while ' +
      'Postgres is away too; and in "postgres", "redis" ("up", "silent": the last question was not answered, "away") and ' +
      '"guard" what this instance sees of the servers, told within a second. `happened`, with `events=true` (scope ' +
      '"admin"): what `GET /v1/events` tells, as it comes. `bye`: this instance shuts down. After a snapshot versions of a counter only rise. ' +
      'Whoever connects again gets a new snapshot; `Last-Event-ID` is not needed. Not a snapshot in time, and no ' +
      'log: changes between two events are not told one by one. A client that does not keep up is disconnected.',
    query: StreamQuery,
    lists: {
      name: {
        description: 'A counter, as often as you like, as far as the address stays below 8 KB.',
        maxItems: MAX_NAMES,
        example: ['page:/home'],
      },
      prefix: {
        description: 'All counters whose names begin with it; empty for all.',
        maxItems: MAX_PREFIXES,
        example: ['page:'],
      },
    },
    answers: {
      200: {
        description: 'The events.',
        text: {
          'text/event-stream':
            'event: status\ndata: {"feed":"live","postgres":"up","redis":"up","guard":"serving"}\n\n',
        },
      },
    },
  },
];
