import { RedisConnection } from '../cache/redis-connection.js';
import { serverFault } from './deployment.js';

/** Nobody waits for an answer here, and a server under load should be looked at too. */
const COMMAND_TIMEOUT_MS = 10_000;

/**
 * A connection that is ready for commands; to be closed by the caller.
 *
 * @param setting what names this Redis
 * @throws CommandFailed when Redis does not answer, or refuses
 */
export async function connectRedis(url: string, setting?: string): Promise<RedisConnection> {
  const connection = new RedisConnection(url, COMMAND_TIMEOUT_MS);
  try {
    await connection.whenReady();
    return connection;
  } catch (error) {
    connection.close();
    throw serverFault('Redis', error, setting);
  }
}
