import { RedisConnection } from '../cache/redis-connection.js';
import { serverFault } from './deployment.js';

/** Longer than a connection across a network takes, password and TLS included. */
const CONNECT_PATIENCE_MS = 5_000;

/** Nobody waits for an answer here, and a server under load should be looked at too. */
const COMMAND_TIMEOUT_MS = 10_000;

/**
 * A connection to the cache that is ready for commands; to be closed by the caller.
 *
 * @throws CommandFailed when Redis does not answer, or refuses
 */
export async function connectRedis(url: string): Promise<RedisConnection> {
  const connection = new RedisConnection(url, COMMAND_TIMEOUT_MS);
  const { client } = connection;
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer')), CONNECT_PATIENCE_MS);
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        end();
      };
      client.once('ready', () => settle(resolve));
      client.once('error', (error) => settle(() => reject(error)));
    });
    return connection;
  } catch (error) {
    connection.close();
    throw serverFault('Redis', error);
  }
}
