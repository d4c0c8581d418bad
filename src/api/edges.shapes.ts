import { z } from 'zod';
import { MAX_DELIVERED } from '../domain/delivery.js';
import { Count, fields, Instant, Name, Value } from '../web/shapes.js';

const digest = 'must be a digest of 64 hexadecimal digits';
const Digest = z.string({ error: digest }).regex(/^[0-9a-f]{64}$/, { error: digest });

const place = 'must be the number of an item';
const Place = z.int({ error: place }).min(0, { error: place });

const moment = 'must be a time, such as 2026-01-01T08:30:00Z';

export const EdgeId = z.uuid({ error: 'must be the id of an edge, a UUID' });

export const DeliveryBody = z
  .strictObject(
    {
      from: Place.meta({ description: 'The number of the last item that was delivered before; 0: none was.' }),
      to: Place.meta({ description: 'The number of its last item.' }),
      previous: Digest.nullable().meta({ description: 'Of the delivery before it; null: there is none.' }),
      nonce: z
        .uuid({ error: 'must be a UUID' })
        .meta({ description: 'Random, made with this delivery and sent with it again.' }),
      more: z.boolean({ error: 'must be true or false' }).default(false).meta({
        description: 'Whether others wait behind it: what those bring may have been counted before this arrives.',
      }),
      increments: z
        .array(
          z.strictObject(
            {
              // What is none, and a key that is none, is refused alone: see `faultOfItem`.
              name: z.string({ error: 'must be the name of a counter' }).meta(Name.meta() ?? {}),
              by: Value.refine((by) => by !== 0, { error: 'must not be 0' }),
              at: z.iso.datetime({ error: moment }).meta({
                description: 'When it was counted, by the clock of the place. The history has it in that minute.',
              }),
              idempotencyKey: z
                .string({ error: 'must be a string' })
                .meta({ description: '1 to 259 printable ASCII characters.' })
                .optional(),
            },
            fields,
          ),
          { error: 'must be a list of increments' },
        )
        .min(1, { error: 'must have at least one item' })
        .max(MAX_DELIVERED, { error: `There may be at most ${MAX_DELIVERED} items.` }),
    },
    fields,
  )
  .refine(({ from, to, increments }) => to - from === increments.length, {
    path: ['to'],
    error: 'must be greater than "from" by the number of increments',
  })
  .refine(({ from, previous }) => (from === 0) === (previous === null), {
    path: ['previous'],
    error: 'must be null in the first delivery, and in no other one',
  });

export const DeliveryResults = z.object({
  results: z.array(
    z.object({
      status: z.int().meta({ description: 'As it would have been alone.' }),
      value: Value.optional().meta({ description: 'Of the counter, after this item.' }),
      replayed: z.literal(true).optional(),
      code: z.string().optional().meta({ description: 'Why it was refused: as in a problem document.' }),
      detail: z.string().optional(),
    }),
  ),
});

export const EdgePosition = z.object({
  last: Count.meta({ description: 'The number of the last item that was taken; 0: none was.' }),
  digest: z.string().nullable().meta({ description: 'Of the delivery that brought it.' }),
  deliveredAt: Instant.nullable(),
  refused: Count.meta({ description: 'Items that were refused, of all its deliveries.' }),
});
