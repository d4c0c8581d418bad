import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { EVERYTHING } from '../access/grant.js';
import { holdRule, RULES } from '../access/rules.js';
import { MAX_LIFE_MS } from '../domain/operands.js';
import type { Expiry } from '../domain/operation.js';
import { momentOr } from '../web/shapes.js';
import { DAY_MS } from '../domain/time.js';

const life = `must be a whole number of milliseconds from 1 to ${MAX_LIFE_MS} (ten years)`;
const moment = 'must be an instant as of RFC 3339, such as "2026-01-01T00:00:00Z", ten years from now at most; or null';

/** What a write may say of the expiry of its counter. */
export const EXPIRY = {
  ttlMs: z
    .int({ error: life })
    .min(1, { error: life })
    .max(MAX_LIFE_MS, { error: life })
    .optional()
    .meta({ description: 'The counter ends so many milliseconds from now. Left out, what is there stays.' }),
  expiresAt: momentOr(moment)
    .refine(isWithinReach, { error: moment })
    .meta({ format: 'date-time' })
    .nullable()
    .optional()
    .meta({ description: 'The counter ends at this moment, which must be to come; null: it does not end any more.' }),
  expiry: z.enum(['always', 'ifNone'], { error: 'must be "always" or "ifNone"' }).optional().meta({
    default: 'always',
    description: 'ifNone: only where the counter has no expiry, or is created. For windows of a rate limit.',
  }),
};

interface ExpiryBody {
  readonly ttlMs?: number | undefined;
  readonly expiresAt?: string | null | undefined;
  readonly expiry?: 'always' | 'ifNone' | undefined;
}

/** What the members say together must make sense, too. */
export function refineExpiry({ ttlMs, expiresAt, expiry }: ExpiryBody, context: z.RefinementCtx): void {
  const fault = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (ttlMs !== undefined && expiresAt !== undefined) fault('expiresAt', 'must not be given beside ttlMs');
  if (expiry !== undefined && ttlMs === undefined && typeof expiresAt !== 'string') {
    fault('expiry', 'says nothing without ttlMs or a moment in expiresAt');
  }
}

/**
 * The expiry in a body; undefined: it says nothing of it.
 *
 * @throws Forbidden where the key may add, but not say when a counter ends
 */
export function expiryOf(body: ExpiryBody, { grant }: FastifyRequest): Expiry | undefined {
  const expiry = readExpiry(body);
  if (expiry !== undefined) holdRule(RULES.expire, grant ?? EVERYTHING);
  return expiry;
}

function readExpiry({ ttlMs, expiresAt, expiry: where = 'always' }: ExpiryBody): Expiry | undefined {
  if (ttlMs !== undefined) return { kind: 'in', ms: ttlMs, where };
  if (expiresAt === undefined) return undefined;
  if (expiresAt === null) return { kind: 'never' };
  return { kind: 'at', moment: expiresAt, where, ifPast: 'refuse' };
}

/** Whether a moment is past is decided with the write: a replay may come later. */
function isWithinReach(text: string): boolean {
  const ms = Date.parse(text);
  return ms >= 0 && ms <= Date.now() + MAX_LIFE_MS + CLOCKS_APART_MS;
}

/** The calendar of this process may be ahead of the database's, or behind it. */
const CLOCKS_APART_MS = DAY_MS;
