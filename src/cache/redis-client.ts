import { Redis, type RedisOptions } from 'ioredis';

/** A new connection may cross a network. */
const CONNECT_TIMEOUT_MS = 1_000;

/** Whoever waits for the first connection waits longer than one across a network takes, password and TLS included. */
export const FIRST_CONTACT_MS = 5_000;

/** A peer that is frozen or cut off never says goodbye; then the socket is torn down. */
const DISCONNECT_TIMEOUT_MS = 100;

/** What needs Redis should go on within a second of its restart, without a storm of connections. */
const LONGEST_RETRY_MS = 1_000;
const FIRST_RETRY_MS = 50;
const RETRY_JITTER_MS = 50;

/** As soon as after the first attempt that failed. */
const AGAIN_AFTER_MS = 50;

/** A Sentinel that needs longer is as good as away: the next one is asked. */
export const SENTINEL_TIMEOUT_MS = 500;

/** How long to wait before the next attempt, in milliseconds. */
export const retry = (attempt: number): number =>
  Math.min(FIRST_RETRY_MS * 2 ** attempt, LONGEST_RETRY_MS) + Math.random() * RETRY_JITTER_MS;

/** Whoever uses it waits for a connection as long as it takes. */
export const PATIENT = {
  protocol: 2,
  // It asks INFO, and a Redis that denies that would never be ready. One that still loads refuses what it is asked.
  enableReadyCheck: false,
  connectTimeout: CONNECT_TIMEOUT_MS,
  disconnectTimeout: DISCONNECT_TIMEOUT_MS,
  retryStrategy: retry,
  // A primary that became a replica refuses writes: look for the new one.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  maxRetriesPerRequest: null,
} satisfies RedisOptions;

/** Nothing waits for a connection: while there is none, every command fails at once, and none is sent again. */
export const PROMPT = {
  ...PATIENT,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
} satisfies RedisOptions;

/** A client that is never ready where it is refused the database of its URL: ioredis would go on in database 0. */
export class RedisClient extends Redis {
  override async select(database: number | string): Promise<'OK'> {
    try {
      return await super.select(database);
    } catch (error) {
      if ((error as Error).name !== 'ReplyError') throw error;
      this.emit('error', error);
      this.disconnect(true);
      // While this is not settled, the connection is none; it is tried again as any other that failed.
      return new Promise(() => undefined);
    }
  }

  override duplicate(override?: Partial<RedisOptions>): Redis {
    return new RedisClient({ ...this.options, ...override, replyMapping: 'legacy' });
  }
}

/**
 * Makes a client connect again that gave up. ioredis does so for good where it is told to connect anew, also by its own
 * watch over Sentinels, while it asks a Sentinel who the primary is.
 *
 * @param isWanted false once the client was told to leave
 */
export function keepConnecting(client: Pick<Redis, 'connect' | 'on' | 'status'>, isWanted: () => boolean): void {
  const again = (): void => {
    // What goes wrong is told as any other fault of the connection.
    if (isWanted() && client.status === 'end') client.connect().catch(() => undefined);
  };
  client.on('end', () => setTimeout(again, AGAIN_AFTER_MS).unref());
}
