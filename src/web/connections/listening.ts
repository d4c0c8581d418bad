import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ConfigError } from '../../config/config.js';

/** What the system says of an address that cannot be listened on, in words for whoever configured it. */
const FAULTS: Readonly<Record<string, (place: { variable: string; host: string; port: number }) => string>> = {
  EADDRINUSE: ({ variable, host, port }) =>
    `${variable}: ${port} on ${host} is taken by another program; choose another one, or 0 for any that is free`,
  EACCES: ({ variable, port }) =>
    `${variable}: ${port} needs rights that this user does not have; choose one from 1024 on`,
  EADDRNOTAVAIL: ({ host }) => `HOST: "${host}" is no address of this machine`,
  EAI_AGAIN: ({ host }) => `HOST: the name "${host}" cannot be looked up now`,
  ENOTFOUND: ({ host }) => `HOST: "${host}" is no name that leads to this machine`,
};

/**
 * Finds out whether a port can be listened on, before anything else is started for it.
 *
 * @param variable what configured the port
 * @throws ConfigError naming the variable at fault
 */
export async function refuseTakenPort(variable: string, host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    // To listen by name would do it too; Bun does not tell then what was wrong with the name.
    const { address } = await lookup(host);
    probe.listen({ host: address, port });
    await once(probe, 'listening');
  } catch (error) {
    const fault = FAULTS[(error as NodeJS.ErrnoException).code ?? ''];
    if (fault === undefined) throw error;
    throw new ConfigError(fault({ variable, host, port }), { cause: error });
  } finally {
    probe.close();
  }
}
