import { z } from 'zod';
import { faultOfName, faultOfPrefix, MAX_NAME_BYTES, MAX_VALUE } from '../domain/operands.js';

const integer = `must be an integer from -${MAX_VALUE} to ${MAX_VALUE}`;

/** What ids of ours are made of; Postgres would not even take some of what is none. */
export const ID = /^[\w-]{1,64}$/;

/** nextCursor of the page before, where that is an id; '' from the first. */
export const IdCursor = z
  .string()
  .regex(/^[\w-]{0,64}$/, { error: 'must be nextCursor of the page before' })
  .default('')
  .meta({ description: 'nextCursor of the page before.' });

/** What texts are made of beside names: Postgres takes no NUL and no half of a character, and a table no line break. */
export const PLAIN = /^[^\p{Cc}\p{Cs}]*$/u;

/** What a counter can hold. */
export const Value = z.int({ error: integer }).min(-MAX_VALUE, { error: integer }).max(MAX_VALUE, { error: integer });

const moment = 'must be a date-time of ISO 8601, such as 2027-01-31T12:00:00Z';

const DATE_TIME = z.regexes.datetime({ offset: true });
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * A moment as text, with any offset; of the years that Postgres takes, and that are written with four digits. What comes
 * of it is in UTC and milliseconds: Postgres takes neither each offset of RFC 3339 nor each length of a fraction.
 *
 * @param error what is told of anything else
 */
export function momentOr(error: string) {
  return z
    .string({ error })
    .transform((text, context) => {
      // RFC 3339 takes small letters, too.
      const written = text.toUpperCase();
      const ms = DATE_TIME.test(written) ? Date.parse(written) : NaN;
      if (ms >= FIRST_MS && ms <= LAST_MS) return new Date(ms).toISOString();
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    })
    .meta({ format: 'date-time' });
}

export const Moment = momentOr(moment);

/** The same, or null. */
export const MomentOrNull = Moment.nullable();

export const Name = z
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

/** The beginning of names. */
export const Prefix = z
  .string({ error: 'must be the beginning of a name' })
  .refine((text) => faultOfPrefix(text) === null, { error: 'must be the beginning of a name' })
  .meta({ description: 'Only counters whose names begin with it.' });

/**
 * How many items a page may have at most; text, as everything in a query.
 *
 * @param fallback where nothing is said
 */
export function limitUpTo(max: number, fallback: number) {
  const error = `must be a whole number from 1 to ${max}`;
  return z
    .string()
    .regex(/^[1-9]\d{0,5}$/, { error })
    .refine((text) => Number(text) <= max, { error })
    .default(String(fallback))
    .meta({
      ...{ type: 'integer', minimum: 1, maximum: max, default: fallback, pattern: undefined },
      description: 'The most items of one answer.',
    });
}

/** What every body that is not an object is told. */
export const fields = { error: 'must be a JSON object' };

/** Of a call that takes no arguments: one that is given is a mistake about it. */
export const NoBody = z.strictObject({}, fields);

/** A point in time, as it is answered. */
export const Instant = z.string().meta({ format: 'date-time' });

/** How many there are. */
export const Count = z.int().min(0);

/** An integer of any size: beyond 2^53 - 1 many readers of JSON round it. */
export const Whole = z.number().meta({ type: 'integer' });

export const COUNTER_EXAMPLE = {
  name: 'page:/home',
  value: 15,
  version: 6,
  min: null,
  max: null,
  expiresAt: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:05.000Z',
};

/** A counter as it is answered. */
export const Counter = z
  .object({
    name: z.string().meta({ minLength: 1, maxLength: MAX_NAME_BYTES }),
    value: Value,
    version: z.int().min(1).meta({ description: 'Counts the changes of the counter, by one for each.' }),
    min: Value.nullable(),
    max: Value.nullable(),
    expiresAt: Instant.nullable().meta({
      description: 'When the counter ends by itself; from then on it is absent. Null: never.',
    }),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Counter', examples: [COUNTER_EXAMPLE] });
