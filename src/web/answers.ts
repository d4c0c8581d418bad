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

/**
 * Answers with what nobody in between may keep.
 *
 * @param schema what the document says it is
 */
export function sendUnkept<S extends z.ZodType<object>>(reply: FastifyReply, _schema: S, body: z.output<S>): void {
  reply.header('cache-control', 'no-store').send(body);
}
