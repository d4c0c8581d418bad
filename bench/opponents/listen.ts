/** What every opponent does in the same way. */
import type { AddressInfo } from 'node:net';
import type { FastifyRequest } from 'fastify';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Fastify, over whichever HTTP. */
interface Listening {
  listen(where: { readonly host: string; readonly port: number }): Promise<string>;
  readonly server: { address(): AddressInfo | string | null };
}

/** Listens on a free port of 127.0.0.1, and says which. */
export async function listen(app: Listening): Promise<void> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  announce(app.server.address() as AddressInfo);
}

export function announce({ port }: AddressInfo): void {
  // A profile is written where a process ends by itself, and not where a signal ends it.
  process.once('SIGTERM', () => process.exit());
  console.log(`ready at http://127.0.0.1:${port}`);
}

export function nameIn(request: FastifyRequest): string {
  return (request.params as { name: string }).name;
}

/** A variable of the environment that must be there. */
export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
