import { once } from 'node:events';
import { Redis } from 'ioredis';
import { Realm } from '../cache/realm.js';
import { reaching } from '../cache/reaching.js';
import { FIRST_CONTACT_MS, PROMPT } from '../cache/redis-client.js';
import type { RedisServers } from '../config/redis-servers.js';
import { serverFault } from './deployment.js';

/** Nobody waits for an answer here, and a server under load should be looked at too. */
const COMMAND_TIMEOUT_MS = 10_000;

/**
 * A client that is ready for commands; to be disconnected by the caller.
 *
 * @param setting what names this Redis
 * @throws CommandFailed when Redis does not answer, or refuses
 */
export async function connectRedis(servers: RedisServers, setting?: string): Promise<Redis> {
  const client = new Redis(
    ...reaching(servers, { ...PROMPT, commandTimeout: COMMAND_TIMEOUT_MS, connectionName: 'evercount-cli' }),
  );
  try {
    await once(client, 'ready', { signal: AbortSignal.timeout(FIRST_CONTACT_MS) });
  } catch (error) {
    client.disconnect();
    throw serverFault('Redis', error, setting);
  }
  // What a command comes to is told by the command.
  client.on('error', () => undefined);
  return client;
}

/**
 * The realm of the cache, ready for commands; to be closed by the caller.
 *
 * @throws CommandFailed when Redis does not answer, or refuses
 */
export async function openRealm(servers: RedisServers): Promise<Realm> {
  const realm = new Realm(servers, COMMAND_TIMEOUT_MS);
  try {
    await realm.whenReady();
    return realm;
  } catch (error) {
    realm.close();
    throw serverFault('Redis', error);
  }
}
