import { z } from 'zod';
import { MAX_OVERLAP_MS } from '../access/key-administration.js';
import { SCOPES } from '../domain/scope.js';
import { Count, fields, Instant, limitUpTo, MomentOrNull } from '../web/shapes.js';

/** Keys in one page: some 300 bytes each. */
const MAX_KEYS = 1_000;

const Label = z.string({ error: 'must be a string' }).meta({ description: 'For people, such as who uses it.' });

const Origins = z
  .array(z.string({ error: 'must be an origin' }), { error: 'must be a list of origins' })
  .meta({ description: 'Of pages that alone may call with it, as browsers send them; none: whoever has it.' });

const PerSecond = z
  .int({ error: 'must be a whole number' })
  .nullable()
  .meta({ description: 'Requests, ten seconds of them at once; null: as much as any key.' });

const MaxNames = z
  .int({ error: 'must be a whole number' })
  .nullable()
  .meta({ description: 'Names that it may bring into being; null: what the service is set to.' });

const ExpiresAt = MomentOrNull.transform((text) => (text === null ? null : new Date(text))).meta({
  type: ['string', 'null'],
  format: 'date-time',
  description: 'Null: never.',
});

const Scopes = z
  .array(z.enum(SCOPES, { error: `must be one of ${SCOPES.join(', ')}` }), { error: 'must be a list of scopes' })
  .transform((scopes) => [...new Set(scopes)])
  .meta({ type: 'array', minItems: 1, items: { enum: [...SCOPES] }, description: 'None implies another.' });

export const NewKeyBody = z.strictObject(
  {
    label: Label,
    scopes: Scopes,
    prefix: z
      .string({ error: 'must be a string' })
      .default('')
      .meta({ description: 'Names must begin with it; empty allows every name.' }),
    origins: Origins.default([]),
    perSecond: PerSecond.default(null),
    maxNames: MaxNames.default(null),
    expiresAt: ExpiresAt.optional(),
  },
  fields,
);

export const KeyChangeBody = z.strictObject(
  {
    label: Label.optional(),
    origins: Origins.optional(),
    perSecond: PerSecond.optional(),
    maxNames: MaxNames.optional(),
    expiresAt: ExpiresAt.optional(),
  },
  fields,
);

export const RotateBody = z.strictObject(
  {
    overlapMs: z
      .int({ error: 'must be a whole number' })
      .min(0, { error: 'must be 0 or more' })
      .max(MAX_OVERLAP_MS, { error: `must be at most ${MAX_OVERLAP_MS}` })
      .optional()
      .meta({ description: 'For so long the old secret stays good; 0 ends it at once. Left out: a day.' }),
  },
  fields,
);

export const KeysQuery = z.strictObject({
  limit: limitUpTo(MAX_KEYS, 100),
  cursor: z.string().optional().meta({ description: 'nextCursor of the page before.' }),
});

/** A key as it is answered: the key itself is not kept. */
export const Key = z
  .object({
    id: z.string(),
    label: z.string(),
    scopes: z.array(z.enum(SCOPES)).readonly(),
    prefix: z.string(),
    origins: z.array(z.string()).readonly(),
    perSecond: z.int().nullable(),
    maxNames: z.int().nullable(),
    namesCreated: Count.meta({ description: 'Names that it has brought into being, deleted ones counted too.' }),
    createdAt: Instant,
    rotatedAt: Instant.nullable(),
    previousExpiresAt: Instant.nullable().meta({ description: 'Until when the secret before the last is good.' }),
    expiresAt: Instant.nullable(),
    revokedAt: Instant.nullable(),
    lastUsedAt: Instant.nullable().meta({ description: 'To the minute.' }),
  })
  .meta({ id: 'Key' });

export const KeyWithSecret = z.object({
  ...Key.shape,
  secret: z.string().meta({ description: 'The key itself, `ec_<id>_…`: it can be seen only now.' }),
});

export const KeyPage = z.object({ data: z.array(Key), hasMore: z.boolean(), nextCursor: z.string().nullable() });
