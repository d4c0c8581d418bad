const problems = {
  '4XX': { $ref: '#/components/responses/Problem' },
  '5XX': { $ref: '#/components/responses/Problem' },
};

const count = { type: 'integer', minimum: 0 };
const instant = { type: 'string', format: 'date-time' };
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });

const object = (properties: Record<string, object>) => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

const answer = (description: string, schema: object) => ({
  description,
  content: { 'application/json': { schema } },
});

const versionedValue = object({ version: { type: ['integer', 'null'] }, value: { type: ['integer', 'null'] } });

const reconcileReport = object({
  compared: { ...count, description: 'Entries that were compared with the truth.' },
  behind: { ...count, description: 'Entries that were older for longer than any publish takes.' },
  wrong: { ...count, description: 'Entries that were nothing that was ever committed.' },
  repaired: count,
  drift: {
    type: 'array',
    maxItems: 100,
    items: object({
      name: { type: 'string' },
      kind: { enum: ['behind', 'wrong'] },
      cached: versionedValue,
      true: versionedValue,
      ageMs: { type: ['integer', 'null'], description: 'The longest the entry can have disagreed with the truth.' },
    }),
  },
  complete: { type: 'boolean', description: 'Whether every entry was looked at.' },
  durationMs: count,
});

const rehydrateReport = object({
  names: { ...count, description: 'Counters that the latest writes touched.' },
  filled: { ...count, description: 'Those of them that had no entry and were given one.' },
  complete: { type: 'boolean' },
  durationMs: count,
});

const job = object({
  id: { type: 'string' },
  kind: { type: 'string' },
  state: {
    enum: ['waiting', 'active', 'delayed', 'prioritized', 'waiting-children', 'completed', 'failed'],
  },
  progress: orNull(object({ names: count, done: count, filled: count })),
  result: orNull({ anyOf: [reconcileReport, rehydrateReport, { type: 'object' }] }),
  createdAt: instant,
  startedAt: orNull(instant),
  finishedAt: orNull(instant),
});

const finished = (report: object) => orNull(object({ finishedAt: instant, report }));

const jobPost = (operationId: string, summary: string) => ({
  post: {
    operationId,
    summary,
    tags: ['admin'],
    responses: {
      '202': {
        ...answer(
          'The job is in the queue. "Location" leads to it.',
          object({
            job: object({ id: { type: 'string' }, kind: { type: 'string' } }),
          }),
        ),
        headers: { Location: { schema: { type: 'string' } } },
      },
      ...problems,
    },
  },
});

/** The calls of operators, for the OpenAPI document. */
export const adminPaths = {
  '/v1/admin/cache': {
    get: {
      operationId: 'showCache',
      summary: 'The state of the cache and of its jobs',
      tags: ['admin'],
      responses: {
        '200': answer(
          'Also while servers are away; what cannot be learned then is null.',
          object({
            postgres: { enum: ['up', 'down'] },
            redis: { enum: ['up', 'degraded'] },
            epoch: { type: ['string', 'null'] },
            guard: {
              enum: ['serving', 'unverified', 'blind', 'waiting'],
              description: 'What the guard lets this instance do with entries.',
            },
            permission: { type: 'boolean', description: 'Whether this instance may serve entries right now.' },
            sentinel: { type: ['boolean', 'null'], description: 'False between a flush and its discovery.' },
            entries: { type: ['integer', 'null'], description: 'How many entries there are, about.' },
            reads: {
              ...object({ hits: count, misses: count, bypasses: count }),
              description: 'Reads of one counter by this instance, since its start: from the cache, filled, past it.',
            },
            queue: {
              type: 'object',
              required: ['state'],
              properties: {
                state: { enum: ['up', 'down'] },
                jobs: { type: 'object', additionalProperties: count },
                recent: { type: 'array', maxItems: 10, items: job, description: 'Newest first.' },
                schedules: {
                  type: 'array',
                  items: object({ kind: { type: 'string' }, everyMs: count, nextAt: orNull(instant) }),
                },
              },
            },
            lastReconcile: finished(reconcileReport),
            lastRehydrate: finished(rehydrateReport),
          }),
        ),
        ...problems,
      },
    },
  },
  '/v1/admin/cache/flush': {
    post: {
      operationId: 'flushCache',
      summary: "Remove this service's own entries; they come back by reading",
      tags: ['admin'],
      responses: { '200': answer('They are gone.', object({ removed: count })), ...problems },
    },
  },
  '/v1/admin/cache/rehydrate': jobPost('rehydrateCache', 'Fill the cache with what the latest writes touched'),
  '/v1/admin/cache/reconcile': jobPost('reconcileCache', 'Compare the cache with the truth, and repair it'),
  '/v1/admin/jobs/{id}': {
    get: {
      operationId: 'showJob',
      summary: 'What became of a job',
      tags: ['admin'],
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      responses: {
        '200': answer(
          'The job.',
          object({
            job,
          }),
        ),
        ...problems,
      },
    },
  },
};
