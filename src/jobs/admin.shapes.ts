import { z } from 'zod';
import { GUARD_STANDINGS } from '../counters/guard/standing.js';
import { Count, Instant } from '../web/shapes.js';

const VersionedValue = z.object({ version: z.int().nullable(), value: z.int().nullable() });

const ReconcileReport = z.object({
  compared: Count.meta({ description: 'Entries that were compared with the truth.' }),
  behind: Count.meta({ description: 'Entries that were older for longer than any publish takes.' }),
  wrong: Count.meta({ description: 'Entries that were nothing that was ever committed.' }),
  repaired: Count,
  drift: z
    .array(
      z.object({
        name: z.string(),
        kind: z.enum(['behind', 'wrong']),
        cached: VersionedValue,
        true: VersionedValue,
        ageMs: z.int().nullable().meta({ description: 'The longest the entry can have disagreed with the truth.' }),
      }),
    )
    .max(100)
    .readonly(),
  complete: z.boolean().meta({ description: 'Whether every entry was looked at.' }),
  durationMs: Count,
});

const RehydrateReport = z.object({
  names: Count.meta({ description: 'Counters that the latest writes touched, or all.' }),
  filled: Count.meta({ description: 'Those of them that had no entry and were given one.' }),
  complete: z.boolean(),
  durationMs: Count,
});

/** Each kind of job tells of other things. */
const OfItsKind: z.ZodType<object> = z.looseObject({});

const Job = z
  .object({
    id: z.string(),
    kind: z.string(),
    state: z.enum([
      'waiting',
      'active',
      'delayed',
      'prioritized',
      'waiting-children',
      'completed',
      'failed',
      'unknown',
    ]),
    progress: OfItsKind.nullable(),
    result: OfItsKind.nullable(),
    createdAt: Instant,
    startedAt: Instant.nullable(),
    finishedAt: Instant.nullable(),
  })
  .meta({ id: 'Job' });

const finished = <S extends z.ZodType>(report: S) => z.object({ finishedAt: Instant, report }).nullable();

const Queue = z.union([
  z.object({ state: z.literal('down') }),
  z.object({
    state: z.literal('up'),
    jobs: z.record(z.string(), Count),
    recent: z.array(Job).max(10).readonly().meta({ description: 'Newest first.' }),
    schedules: z.array(z.object({ kind: z.string(), everyMs: Count, nextAt: Instant.nullable() })).readonly(),
  }),
]);

/** The state of the cache and of its jobs. */
export const CacheAnswer = z.object({
  postgres: z.enum(['up', 'down']),
  redis: z.enum(['up', 'degraded']),
  server: z
    .object({
      address: z.string(),
      role: z.enum(['primary', 'replica']).nullable(),
      foundBy: z.enum(['url', 'sentinel', 'cluster']),
    })
    .meta({
      description:
        'The server of Redis that this instance asks, of a cluster one of them; its role is null while it does not answer.',
    }),
  servers: z
    .array(
      z.object({
        address: z.string(),
        role: z.enum(['primary', 'replica']).nullable(),
        units: Count.meta({ description: 'Parts of the cache that have keys there.' }),
      }),
    )
    .readonly()
    .meta({ description: 'All servers of Redis that this instance asks.' }),
  units: z
    .object({ serving: Count, unverified: Count, blind: Count, waiting: Count })
    .meta({ description: 'Parts of the cache, each of which is served or not by itself: 256 of a cluster, else 1.' }),
  moves: Count.meta({ description: 'How often this instance found such a part elsewhere than before.' }),
  epoch: z.string().nullable(),
  guard: z.enum(GUARD_STANDINGS).meta({ description: 'What the guard lets this instance do with entries.' }),
  permission: z.boolean().meta({ description: 'Whether this instance may serve entries right now.' }),
  sentinel: z.boolean().nullable().meta({ description: 'False between a flush and its discovery.' }),
  entries: z.int().nullable().meta({ description: 'How many entries there are, about.' }),
  reads: z
    .object({ hits: Count, misses: Count, bypasses: Count })
    .meta({ description: 'Reads of one counter by this instance, since its start: from the cache, filled, past it.' }),
  flushCommand: z.string().nullable().meta({
    description: 'What flushes all of the Redis that the service brought up itself, to be run where it was started.',
  }),
  recentReads: z
    .object({ seconds: Count, hits: Count, misses: Count, bypasses: Count, hitRatio: z.number().nullable() })
    .meta({ description: 'The same of the last five minutes, or since its start; the ratio is null without reads.' }),
  queue: Queue,
  lastReconcile: finished(ReconcileReport),
  lastRehydrate: finished(RehydrateReport),
});

/** What a rehydration is to fill. */
export const RehydrateQuery = z.strictObject({
  all: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .meta({ description: 'Every counter, and not only the 10,000 that were written last.' }),
});

export const FlushAnswer = z.object({ removed: Count });

export const QueuedJob = z.object({ job: z.object({ id: z.string(), kind: z.string() }) });

export const JobAnswer = z.object({ job: Job });
