import type { FastifyReply } from 'fastify';
import type { z } from 'zod';

export const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Answers with what is to be asked for anew each time it is used.
 *
 * @param json the text of it
 */
export function sendJson(reply: FastifyReply, json: string): void {
  reply.header('content-type', JSON_TYPE).header('cache-control', 'no-cache').send(json);
}

/** One page of a list, and where the next one begins. */
interface Page<T> {
  readonly data: T[];
  readonly hasMore: boolean;
  /** The id of the last of them; null: there are no more. */
  readonly nextCursor: string | null;
}

/** @param found what was looked for by `limit` and one more, which tells whether there are more */
export function pageOf<T extends { readonly id: string }>(found: readonly T[], limit: number): Page<T> {
  const data = found.slice(0, limit);
  const hasMore = found.length > limit;
  return { data, hasMore, nextCursor: hasMore ? (data.at(-1)?.id ?? null) : null };
}

/**
 * Answers with what nobody in between may keep.
 *
 * @param schema what the document says it is
 */
export function sendUnkept<S extends z.ZodType<object>>(reply: FastifyReply, _schema: S, body: z.output<S>): void {
  reply.header('cache-control', 'no-store').send(body);
}
