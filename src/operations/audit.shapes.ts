import { z } from 'zod';
import { DEEDS, VIAS } from '../domain/deed.js';
import { Instant, limitUpTo, Moment, PLAIN } from '../web/shapes.js';

/** Deeds in one page: some 500 bytes each. */
const MAX_DEEDS = 1_000;

export const AuditQuery = z.strictObject({
  from: Moment.optional().meta({ description: 'Not before it.' }),
  to: Moment.optional().meta({ description: 'Before it.' }),
  actor: z
    .string()
    .regex(PLAIN, { error: 'must be the id of a key' })
    .max(64, { error: 'must be the id of a key' })
    .optional()
    .meta({
      pattern: undefined,
      description: 'By this key alone; "off" where none was asked for, "cli" by the command line, "service" by itself.',
    }),
  action: z
    .enum(DEEDS, { error: `must be one of ${DEEDS.join(', ')}` })
    .optional()
    .meta({ description: 'Of this kind alone.' }),
  subject: z
    .string()
    .regex(PLAIN, { error: 'must be a name or an id' })
    .max(255, { error: 'must be a name or an id' })
    .optional()
    .meta({
      pattern: undefined,
      description: 'About this counter, by its name, or this key or link, by its id, alone.',
    }),
  limit: limitUpTo(MAX_DEEDS, 100),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, { error: 'must be nextCursor of the page before' })
    .optional()
    .meta({ description: 'nextCursor of the page before.' }),
});

/** As it was and as it is: a counter, a key, or what it came to. */
const State = z.looseObject({}).nullable() as z.ZodType<object | null>;

export const Deed = z
  .object({
    id: z.string(),
    at: Instant.meta({ description: "By the database's clock." }),
    action: z.enum(DEEDS),
    actor: z.string().meta({
      description: 'The id of the key; "off" where none was asked for, "cli" by the command line, "service" by itself.',
    }),
    isSession: z.boolean().meta({ description: 'Whether a browser did it, by the session begun with the key.' }),
    via: z.enum(VIAS),
    address: z.string().nullable().meta({ description: 'By the command line the user and the machine.' }),
    requestId: z.string().nullable(),
    subject: z.string().nullable().meta({ description: 'The name of the counter, or the id of the key or link.' }),
    before: State.meta({ description: 'What it was before. Null: it was not there, or is not told.' }),
    after: State.meta({ description: 'What it is after it. Null: it is gone, or is not told.' }),
  })
  .meta({ id: 'Deed' });

export const AuditPage = z.object({
  data: z.array(Deed).readonly(),
  hasMore: z.boolean().meta({ description: 'Whether there may be more; a page may be short of its limit, or empty.' }),
  nextCursor: z.string().nullable(),
});
