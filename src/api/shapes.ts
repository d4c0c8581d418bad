import { z } from 'zod';
import {
  areBounds,
  faultOfName,
  faultOfPrefix,
  IDEMPOTENCY_KEY,
  MAX_ITEMS,
  MAX_NAME_BYTES,
  MAX_VALUE,
} from '../domain/operands.js';

const integer = `must be an integer from -${MAX_VALUE} to ${MAX_VALUE}`;
const Value = z.int({ error: integer }).min(-MAX_VALUE, { error: integer }).max(MAX_VALUE, { error: integer });

const By = Value.refine((by) => by !== 0, { error: 'must not be 0' }).meta({
  not: { const: 0 },
  description: 'What to add; negative takes away.',
});

const Bound = Value.nullable();

const Name = z
  .string({ error: 'must be the name of a counter' })
  .superRefine((name, context) => {
    const fault = faultOfName(name);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .meta({
    minLength: 1,
    maxLength: MAX_NAME_BYTES,
    description: `1 to ${MAX_NAME_BYTES} bytes of UTF-8 without control characters; not "." or "..".`,
    examples: ['page:/home'],
  });

const fields = { error: 'must be a JSON object' };

/** Of a call that takes no arguments: one that is given is a mistake about it. */
export const NoBody = z.strictObject({}, fields);

export const IncrementBody = z.strictObject({ by: By.default(1) }, fields);

export const ResetBody = z.strictObject(
  { to: Value.default(0).meta({ description: 'The new value of the counter.' }) },
  fields,
);

export const SetBody = z
  .strictObject(
    {
      value: Value,
      min: Bound.optional().meta({ description: 'Left out it stays as it is; null removes it.' }),
      max: Bound.optional().meta({ description: 'Left out it stays as it is; null removes it.' }),
    },
    fields,
  )
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
        z.strictObject(
          {
            name: Name,
            by: By.default(1),
            idempotencyKey: z
              .string({ error: 'must be a string' })
              .regex(IDEMPOTENCY_KEY, { error: 'must be 1 to 255 printable ASCII characters' })
              .optional(),
          },
          fields,
        ),
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

const limits = `must be a whole number from 1 to ${MAX_ITEMS}`;

export const ListQuery = z.strictObject({
  prefix: z
    .string()
    .refine((text) => faultOfPrefix(text) === null, { error: 'must be the beginning of a name' })
    .default('')
    .meta({ description: 'Only counters whose names begin with it.' }),
  /** Digits, until a query has types. */
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, { error: limits })
    .refine((text) => Number(text) <= MAX_ITEMS, { error: limits })
    .default('100')
    .meta({ type: 'integer', minimum: 1, maximum: MAX_ITEMS, default: 100, pattern: undefined }),
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
