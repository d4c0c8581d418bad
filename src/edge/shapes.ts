import { z } from 'zod';
import { IDEMPOTENCY_KEY, MAX_ITEMS } from '../domain/operands.js';
import { fields, Name, Value } from '../web/shapes.js';

const By = Value.refine((by) => by !== 0, { error: 'must not be 0' });

export const IncrementBody = z.strictObject({ by: By.default(1) }, fields);

const idempotencyKey = 'must be 1 to 255 printable ASCII characters';

export const IncrementsBody = z.strictObject(
  {
    increments: z
      .array(
        z.strictObject(
          {
            name: Name,
            by: By.default(1),
            idempotencyKey: z
              .string({ error: idempotencyKey })
              .regex(IDEMPOTENCY_KEY, { error: idempotencyKey })
              .optional(),
          },
          fields,
        ),
        { error: 'must be a list of increments' },
      )
      .min(1, { error: 'must have at least one item' })
      .max(MAX_ITEMS, { error: `There may be at most ${MAX_ITEMS} items.` }),
    atomic: z.literal(false, { error: 'must be false' }).default(false),
  },
  fields,
);

export const ReadsBody = z.strictObject(
  { names: z.array(Name, { error: 'must be a list of names' }).max(MAX_ITEMS) },
  fields,
);

/** Left out: all of them. */
export const IdsBody = z.strictObject(
  {
    ids: z
      .array(z.int({ error: 'must be the id of a refused item' }).min(1))
      .max(MAX_ITEMS)
      .optional(),
  },
  fields,
);

export const ResyncBody = z.strictObject(
  { newIdentity: z.boolean({ error: 'must be true or false' }).default(false) },
  fields,
);
