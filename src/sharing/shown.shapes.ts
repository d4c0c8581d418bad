import { z } from 'zod';
import { PLAIN } from '../web/shapes.js';
import { BADGE_STYLES } from './badge.js';

/** As long as a name may be; more is no label. */
const MAX_LABEL = 255;

const Label = z
  .string()
  .max(MAX_LABEL, { error: `must be at most ${MAX_LABEL} characters` })
  .regex(PLAIN, { error: 'must be text without control characters' })
  .optional()
  .meta({ description: 'In place of the name; empty: none.' });

const LinkToken = z
  .string()
  .optional()
  .meta({ description: 'The token of a link, where no key can be sent.', examples: ['el_…'] });

export const BadgeQuery = z.strictObject({
  link: LinkToken,
  label: Label,
  style: z
    .enum(BADGE_STYLES, { error: `must be one of ${BADGE_STYLES.join(', ')}` })
    .default('flat')
    .meta({ description: 'How it looks.' }),
  color: z
    .string()
    .regex(/^(?:[\da-f]{3}|[\da-f]{6})$/i, { error: 'must be a colour such as 2a7 or 22aa77' })
    .default('0a7ea4')
    .meta({ description: 'Of the value, in hexadecimal, without #.' }),
});

export const EmbedQuery = z.strictObject({ link: LinkToken, label: Label });
