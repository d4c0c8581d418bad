import type { FastifyReply } from 'fastify';

/** Says where the following page is, in a header, if there is one. */
export function nextPage(
  reply: FastifyReply,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  cursor: string | null,
): void {
  if (cursor === null) return;
  const parts = Object.entries<string | undefined>({ ...query, cursor }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  reply.header('link', `<${reply.server.basePath}${path}?${parts.join('&')}>; rel="next"`);
}
