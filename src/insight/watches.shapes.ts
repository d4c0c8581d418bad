import { z } from 'zod';
import { lengthMsOf } from '../counters/watches/lengths.js';
import { MAX_HOLD_MS } from '../counters/watches/watches.service.js';
import { WATCH_STATES } from '../domain/watch.js';
import { DAY_MS } from '../domain/time.js';
import { Count, fields, ID, IdCursor, Instant, limitUpTo, Name, PLAIN, Prefix, Value } from '../web/shapes.js';

/** Webhooks that one watch tells. */
const MAX_NOTIFIED = 10;

/** Longer ones do not fit into a table that people read. */
const MAX_LABEL_LENGTH = 100;

/** Watches in one page: some 500 bytes each. */
const MAX_WATCHES_A_PAGE = 1_000;

/** Turns in one answer: some 150 bytes each. */
const MAX_TURNS = 1_000;

/** Hours outside of what was expected: one alone is noise, and a day of them is long known. */
const MAX_UNEXPECTED_HOURS = 24;

export const Label = z
  .string({ error: 'must be a string' })
  .regex(PLAIN, { error: 'must be without control characters' })
  .max(MAX_LABEL_LENGTH, { error: `must be at most ${MAX_LABEL_LENGTH} characters` })
  .meta({ description: 'For people.', pattern: undefined });

const length = 'must be a length such as 30s, 5m, 1h or 2d';

const Length = z
  .string({ error: length })
  .refine((text) => lengthMsOf(text) !== null, { error: length })
  .meta({ description: 'A length: 30s, 5m, 1h, 2d.', examples: ['30m'] });

const above = Value.meta({ description: 'It fires while it is greater.' });
const below = Value.meta({ description: 'It fires while it is less.' });

const hours = `must be a whole number from 1 to ${MAX_UNEXPECTED_HOURS}`;
const UnexpectedHours = z.int({ error: hours }).min(1, { error: hours }).max(MAX_UNEXPECTED_HOURS, { error: hours });

const one = 'must be one of {"above": n}, {"below": n}, {"rate": …}, {"silent": "30m"}, {"unexpected": {"hours": n}}';

/** By its one member it is told which of them is meant, and so what is wrong with it: another member is a mistake. */
const When = z
  .union(
    [
      z.strictObject({
        rate: z.strictObject({ over: Length, above: above.optional(), below: below.optional() }, fields),
      }),
      z.strictObject({ silent: Length }),
      z.strictObject({ unexpected: z.strictObject({ hours: UnexpectedHours }, fields) }),
      z.strictObject({ above }),
      z.strictObject({ below }),
    ],
    { error: one },
  )
  .meta({
    description:
      'What makes it fire: the value ("above" or "below"), what it gained within a length ("rate"), that nothing was ' +
      'written for so long ("silent"), or that so many whole hours lay outside of what was expected, on one side.',
  });

const For = z
  .string({ error: length })
  .transform((text, context) => {
    const ms = lengthMsOf(text);
    if (ms !== null && ms <= MAX_HOLD_MS) return ms;
    context.addIssue({ code: 'custom', message: `${length}, up to ${MAX_HOLD_MS / DAY_MS}d` });
    return z.NEVER;
  })
  .meta({ type: 'string', description: 'How long it must be so, one way or the other, before it turns.' });

const Hysteresis = z.int({ error: 'must be a whole number' }).min(0, { error: 'must be 0 or more' }).meta({
  description: 'How far a value must be back behind its limit to be ok again. Left out: a twentieth of the limit.',
});

const Notify = z
  .array(z.string({ error: 'must be the id of a webhook' }).regex(ID, { error: 'must be the id of a webhook' }), {
    error: 'must be a list of ids of webhooks',
  })
  .max(MAX_NOTIFIED, { error: `may have at most ${MAX_NOTIFIED} items` })
  .transform((ids) => [...new Set(ids)])
  .meta({ type: 'array', items: { type: 'string' }, description: 'Webhooks that are told, by their ids.' });

const parts = {
  name: Name.optional().meta({ description: 'The counter; this or "prefix".' }),
  prefix: Prefix.optional().meta({ description: 'Each counter whose name begins with it, by itself.' }),
  when: When,
  label: Label.default(''),
  for: For.default(0),
  hysteresis: Hysteresis.optional(),
  notify: Notify.default([]),
  muted: z.boolean({ error: 'must be true or false' }).default(false).meta({ description: 'Nobody is told.' }),
};

export const WatchBody = z
  .strictObject(parts, fields)
  .refine(({ name, prefix }) => (name === undefined) !== (prefix === undefined), {
    path: ['name'],
    error: 'must be there, or "prefix" must, and not both',
  });

export const WatchChangeBody = z.strictObject(
  {
    when: When.optional(),
    label: Label.optional(),
    for: For.optional(),
    hysteresis: Hysteresis.optional(),
    notify: Notify.optional(),
    muted: z.boolean({ error: 'must be true or false' }).optional(),
  },
  fields,
);

export const WatchesQuery = z.strictObject({
  prefix: Prefix.default('').meta({ description: 'Only watches of names that begin with it.' }),
  name: Name.optional().meta({
    description: 'Only watches of this counter, by its name or the beginning of it; how they stand is how it stands.',
  }),
  state: z
    .enum(WATCH_STATES, { error: `must be one of ${WATCH_STATES.join(', ')}` })
    .optional()
    .meta({ description: 'Only those that stand so.' }),
  limit: limitUpTo(MAX_WATCHES_A_PAGE, 100).transform(Number),
  cursor: IdCursor,
});

export const TurnsQuery = z.strictObject({ limit: limitUpTo(MAX_TURNS, 100).transform(Number) });

const State = z.enum(WATCH_STATES);

export const Watch = z
  .object({
    id: z.string(),
    label: z.string(),
    name: z.string().nullable(),
    prefix: z.string().nullable(),
    when: When,
    for: z.string().meta({ description: 'How long it must be so before it turns.' }),
    hysteresis: Count,
    notify: z.array(z.string()).readonly(),
    muted: z.boolean(),
    state: State.meta({ description: '"firing" where any counter of it is; "no_data": nobody can tell of any.' }),
    since: Instant.nullable().meta({ description: 'Since when it is so; null: nobody has looked yet.' }),
    counters: z.object({ firing: Count, ok: Count, noData: Count }),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Watch' });

export const WatchPage = z.object({ data: z.array(Watch), hasMore: z.boolean(), nextCursor: z.string().nullable() });

export const TurnPage = z.object({
  data: z.array(
    z.object({
      counter: z.string(),
      at: Instant,
      from: State,
      to: State,
      observed: z.number().nullable().meta({ description: 'What was judged then; null: there was nothing.' }),
    }),
  ),
});
