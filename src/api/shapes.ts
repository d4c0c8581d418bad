import { z } from 'zod';
import { EXPIRY, refineExpiry } from './expiry.js';
import { areBounds, faultOfPrefix, IDEMPOTENCY_KEY, MAX_ITEMS } from '../domain/operands.js';
import { SCOPES } from '../domain/scope.js';
import { Problem } from '../web/openapi/refusals.js';
import { Count, Counter, fields, Instant, limitUpTo, Name, Prefix, Value, Whole } from '../web/shapes.js';

const By = Value.refine((by) => by !== 0, { error: 'must not be 0' }).meta({
  not: { const: 0 },
  description: 'What to add; negative takes away.',
});

const Bound = Value.nullable();

export const IncrementBody = z.strictObject({ by: By.default(1), ...EXPIRY }, fields).superRefine(refineExpiry);

export const ResetBody = z
  .strictObject({ to: Value.default(0).meta({ description: 'The new value of the counter.' }), ...EXPIRY }, fields)
  .superRefine(refineExpiry);

export const SetBody = z
  .strictObject(
    {
      value: Value,
      min: Bound.optional().meta({ description: 'Left out it stays as it is; null removes it.' }),
      max: Bound.optional().meta({ description: 'Left out it stays as it is; null removes it.' }),
      ...EXPIRY,
    },
    fields,
  )
  .superRefine(refineExpiry)
  .refine(({ min, max }) => areBounds(min, max), {
    path: ['min'],
    error: 'must not be greater than max',
  });

const tooMany = `There may be at most ${MAX_ITEMS} items.`;

export const ReadsBody = z.strictObject(
  { names: z.array(Name, { error: 'must be a list of names' }).max(MAX_ITEMS, { error: tooMany }) },
  fields,
);

export const IncrementsBody = z.strictObject(
  {
    increments: z
      .array(
        z
          .strictObject(
            {
              name: Name,
              by: By.default(1),
              ...EXPIRY,
              idempotencyKey: z
                .string({ error: 'must be a string' })
                .regex(IDEMPOTENCY_KEY, { error: 'must be 1 to 255 printable ASCII characters' })
                .optional(),
            },
            fields,
          )
          .superRefine(refineExpiry),
        { error: 'must be a list of increments' },
      )
      .min(1, { error: 'must have at least one item' })
      .max(MAX_ITEMS, { error: tooMany }),
    atomic: z
      .boolean({ error: 'must be true or false' })
      .default(false)
      .meta({ description: 'All or nothing: the first fault is the answer.' }),
  },
  fields,
);

export const ReadQuery = z.strictObject({
  consistency: z
    .literal('strong', { error: 'must be "strong"' })
    .optional()
    .meta({ description: 'Reads Postgres. Cached reads are linearizable too; this one says so without a proof.' }),
});

/** A part of names. */
const Part = z
  .string()
  .refine((text) => text !== '' && faultOfPrefix(text) === null, { error: 'must be a part of a name' })
  .meta({
    description:
      'Only counters whose names contain it, letter by letter. A page may then be short, or empty, and still have a ' +
      'following one: each looks for a fraction of a second.',
  });

export const ListQuery = z.strictObject({
  prefix: Prefix.default(''),
  search: Part.optional(),
  limit: limitUpTo(MAX_ITEMS, 100),
  cursor: z.string().optional().meta({ description: 'nextCursor of the page before.' }),
});

export const SessionBody = z.strictObject(
  {
    key: z
      .string({ error: 'must be an API key' })
      .max(255, { error: 'must be an API key' })
      .meta({ format: 'password', description: 'An API key, "ec_…".' }),
  },
  fields,
);

/** A page of counters. */
const separator = 'must be 1 to 16 characters that names may have';

export const TreeQuery = z.strictObject({
  prefix: Prefix.default(''),
  separator: z
    .string()
    .refine((text) => text !== '' && text.length <= 16 && faultOfPrefix(text) === null, { error: separator })
    .default(':')
    .meta({ description: 'What parts the names.' }),
  limit: limitUpTo(MAX_ITEMS, 100),
  cursor: z.string().optional().meta({ description: 'nextCursor of the page before.' }),
});

export const TreePage = z.object({
  data: z.array(
    z.object({
      name: z.string().meta({ description: 'Of a counter, or up to and with the separator, a prefix to go on with.' }),
      isBranch: z.boolean().meta({ description: 'Whether it stands for the names that begin with it.' }),
      count: Count.meta({ description: 'Counters below it; 1 for a counter.' }),
      sum: Whole,
    }),
  ),
  hasMore: z.boolean(),
  nextCursor: z.string().nullable().meta({ description: 'For "cursor" of the following page.' }),
  asOf: Instant.meta({ description: 'When the counters were looked at: now, or some seconds ago.' }),
});

export const CounterPage = z.object({
  data: z.array(Counter),
  hasMore: z.boolean(),
  nextCursor: z.string().nullable().meta({ description: 'For "cursor" of the following page.' }),
});

export const ResetCounter = z.object({
  ...Counter.shape,
  previous: Value.meta({ description: 'The value before.' }),
});

export const ManyCounters = z.object({ data: z.array(Counter.nullable()) });

/** What an item of a batch came to. */
const BatchResult = z.object({
  status: z.int().meta({ description: 'As it would have been alone.' }),
  counter: Counter.nullable().optional(),
  problem: Problem.optional(),
  replayed: z.literal(true).optional(),
});

export const BatchResults = z.object({ results: z.array(BatchResult) });

/** What a key or a session allows. */
export const OwnRights = z.object({
  auth: z.enum(['off', 'required']),
  keyId: z.string().meta({ description: 'The id of the API key; empty where none is asked for.' }),
  scopes: z.array(z.enum(SCOPES)),
  prefix: z.string().meta({ description: 'Names must begin with it; empty allows every name.' }),
});
