import { MAX_NAMES, MAX_PREFIXES, MAX_SNAPSHOT_OF_PREFIX } from './limits.js';

const problem = { $ref: '#/components/responses/Problem' };

const list = (name: string, maxItems: number, description: string) => ({
  name,
  in: 'query',
  description,
  explode: true,
  schema: { type: 'array', maxItems, items: { type: 'string' } },
});

/** The stream, for the OpenAPI document. */
export const streamPaths = {
  '/v1/stream': {
    get: {
      operationId: 'streamCounters',
      summary: 'Counters as they change',
      description:
        'Server-sent events. `snapshot`, first: an array of the counters there are; of a prefix, the first ' +
        `${MAX_SNAPSHOT_OF_PREFIX} by name. It comes again when Postgres was restarted or another one took over, and ` +
        'takes the place of all that was told before, lower versions included: what was lost is not in it. `change`: a ' +
        'counter as it is now, or {"name", "deleted": true, "version"}; at most 4 a second for each counter, of all ' +
        'that begin with a prefix. `status`: {"feed": "live"}; "polled" while Redis is away and values are looked up ' +
        'about once a second (of a prefix, those of its snapshot and those that changed before); "stalled" while ' +
        'Postgres is away too. `bye`: this instance shuts down. After a snapshot versions of a counter only rise. ' +
        'Whoever connects again gets a new snapshot; `Last-Event-ID` is not needed. Not a snapshot in time, and no ' +
        'log: changes between two events are not told one by one. A client that does not keep up is disconnected.',
      tags: ['stream'],
      parameters: [
        list('name', MAX_NAMES, 'A counter, as often as you like, as far as the address stays below 8 KB.'),
        list('prefix', MAX_PREFIXES, 'All counters whose names begin with it; empty for all.'),
      ],
      responses: {
        '200': { description: 'The events.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
        '4XX': problem,
        '5XX': problem,
      },
    },
  },
};
