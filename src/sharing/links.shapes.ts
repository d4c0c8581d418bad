import { z } from 'zod';
import { Count, fields, Instant, limitUpTo, MomentOrNull, Name, PLAIN, Prefix } from '../web/shapes.js';

/** Links in one page: some 300 bytes each. */
const MAX_LINKS = 1_000;

export const LINK_ID = /^[0-9a-z]{13}$/;

export const NewLinkBody = z
  .strictObject(
    {
      label: z
        .string({ error: 'must be a string' })
        .regex(PLAIN, { error: 'must be without control characters' })
        .max(200, { error: 'must be at most 200 characters' })
        .default('')
        .meta({ description: 'For people, such as where it is shown.', pattern: undefined }),
      name: Name.optional().meta({ description: 'The one counter that it shows.' }),
      prefix: Prefix.optional().meta({ description: 'Or all whose names begin with it; empty: every counter.' }),
      expiresAt: MomentOrNull.default(null).meta({
        type: ['string', 'null'],
        format: 'date-time',
        description: 'Null: never.',
      }),
    },
    fields,
  )
  .refine(({ name, prefix }) => (name === undefined) !== (prefix === undefined), {
    error: 'must have either "name" or "prefix"',
  });

export const LinksQuery = z.strictObject({
  limit: limitUpTo(MAX_LINKS, 100).transform(Number),
  cursor: z
    .string()
    .regex(LINK_ID, { error: 'must be nextCursor of the page before' })
    .optional()
    .meta({ description: 'nextCursor of the page before.' }),
});

export const Link = z
  .object({
    id: z.string(),
    label: z.string(),
    name: z.string().nullable(),
    prefix: z.string().nullable(),
    createdAt: Instant,
    expiresAt: Instant.nullable(),
    revokedAt: Instant.nullable(),
    token: z.string().nullable().meta({
      description: 'What opens it: `/badge/{name}.svg?link=…`, `/embed/{name}?link=…`. Null where it was revoked.',
    }),
  })
  .meta({ id: 'Link' });

export const LinkPage = z.object({
  data: z.array(Link).readonly(),
  hasMore: z.boolean(),
  nextCursor: z.string().nullable(),
});

export const Revoked = z.object({ revoked: Count });
