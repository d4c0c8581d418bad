import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis, RedisOptions } from 'ioredis';
import { Home } from '../cache/home.js';
import { Realm } from '../cache/realm.js';
import { reaching } from '../cache/reaching.js';
import { keepConnecting, PATIENT, PROMPT, RedisClient } from '../cache/redis-client.js';
import { CacheUnavailable, isRefusal, reasonOf } from '../cache/redis-connection.js';
import type { CacheSettings, JobsSettings } from '../config/config.js';
import { QUEUE_PREFIX, sharesServers } from '../config/redis-servers.js';

/** Whoever waits for the first connection looks for it so often. */
const CONTACT_POLL_MS = 10;

/** Which server of a cluster has the queue is looked up so often, where nobody else does. */
const LOOK_INTERVAL_MS = 1_000;

/** Producers do not wait: a command without an answer by then counts as failed. */
const COMMAND_TIMEOUT_MS = 500;

/** A connection on which nothing came by then is half open, and is made anew. */
const PRODUCER_SILENCE_MS = 1_000;

/** The same for the worker: BullMQ waits for a job for up to 10 s. */
const WORKER_SILENCE_MS = 12_000;

/** BullMQ duplicates the client of a worker for blocking reads; the copies end with the original. */
class WorkerClient extends RedisClient {
  private readonly copies: Redis[] = [];
  private left = false;

  override duplicate(override?: Partial<RedisOptions>): Redis {
    const copy = super.duplicate(override);
    copy.on('error', () => undefined);
    keepConnecting(copy, () => !this.left);
    this.copies.push(copy);
    return copy;
  }

  override disconnect(reconnect = false): void {
    this.left ||= !reconnect;
    super.disconnect(reconnect);
    for (const copy of this.copies) copy.disconnect(reconnect);
  }
}

/**
 * The connections to BullMQ's Redis. They have nothing to do with the cache's, which may be to the same server. Of a
 * cluster they lead to the server that has the queue; when that is another one, they are made anew.
 */
export class JobsRedis {
  private client: Redis | null = null;
  private workerClient: WorkerClient | null = null;
  private lastFault: string | null = null;
  private skipVersionCheck = false;
  private closed = false;
  private readonly readyListeners: (() => void)[] = [];
  private readonly closeListeners: (() => void)[] = [];
  private readonly moveListeners: (() => void)[] = [];

  /** @param release ends what finds the server */
  constructor(
    private readonly home: Home,
    private readonly release: () => void = () => undefined,
  ) {
    this.client = this.connect();
    home.onMove(() => this.move());
  }

  /** For everybody but the worker: while there is no connection, every command fails at once. */
  get producer(): Redis {
    if (this.client === null) throw new CacheUnavailable('it is not known which server of the cluster has the queue');
    return this.client;
  }

  /** Why there is no connection, as far as is known. */
  get fault(): string | null {
    return this.lastFault;
  }

  get isReady(): boolean {
    return this.client?.status === 'ready';
  }

  /** Calls back whenever there is a connection. */
  onReady(listener: () => void): void {
    this.readyListeners.push(listener);
  }

  /** Calls back whenever there is none any more. */
  onClose(listener: () => void): void {
    this.closeListeners.push(listener);
  }

  /** Calls back when another server has the queue: whoever was made with the connections of before is made anew. */
  onMove(listener: () => void): void {
    this.moveListeners.push(listener);
  }

  /** Settles when there is a connection, when the first try fails, or after `patienceMs`. */
  async firstContact(patienceMs: number): Promise<void> {
    const deadlineMs = performance.now() + patienceMs;
    while (!this.isReady && this.lastFault === null && performance.now() < deadlineMs) await sleep(CONTACT_POLL_MS);
  }

  /**
   * What INFO says of the memory; null where this Redis denies it. Then BullMQ does without INFO too, and takes it for
   * the oldest Redis it knows: it waits for whole seconds only.
   */
  async memoryInfo(): Promise<string | null> {
    try {
      return await this.producer.info('memory');
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.skipVersionCheck = true;
      Object.assign(this.producer.options, { skipVersionCheck: true });
      return null;
    }
  }

  /** The client of the worker, which waits for Redis as long as it takes: BullMQ demands that. */
  forWorker(): Redis {
    if (this.workerClient === null) {
      const { found } = this.home;
      if (found === null) throw new CacheUnavailable('it is not known which server of the cluster has the queue');
      this.workerClient = new WorkerClient(
        ...reaching(found, {
          ...PATIENT,
          connectionName: 'evercount-jobs-worker',
          socketTimeout: WORKER_SILENCE_MS,
        }),
      );
      // An option of BullMQ's, which reads it from the client that it is given.
      Object.assign(this.workerClient.options, { skipVersionCheck: this.skipVersionCheck });
      const client = this.workerClient;
      client.on('error', () => undefined);
      keepConnecting(client, () => client === this.workerClient && !this.closed);
    }
    return this.workerClient;
  }

  /** Ends every connection without waiting for anything. */
  close(): void {
    this.closed = true;
    this.release();
    this.client?.disconnect();
    this.workerClient?.disconnect();
  }

  private connect(): Redis | null {
    const { found } = this.home;
    if (found === null) return null;
    const client = new RedisClient(
      ...reaching(found, {
        ...PROMPT,
        connectionName: 'evercount-jobs',
        commandTimeout: COMMAND_TIMEOUT_MS,
        socketTimeout: PRODUCER_SILENCE_MS,
      }),
    );
    const tell = (listeners: readonly (() => void)[]): void => {
      if (client === this.client) for (const listener of listeners) listener();
    };
    // Whoever needs the connection says what fails; without a listener ioredis would print every failed attempt.
    client.on('error', (error: Error) => (this.lastFault = reasonOf(error)));
    client.on('ready', () => {
      this.lastFault = null;
      tell(this.readyListeners);
    });
    client.on('close', () => tell(this.closeListeners));
    keepConnecting(client, () => client === this.client && !this.closed);
    return client;
  }

  private move(): void {
    if (this.closed) return;
    const [client, workerClient] = [this.client, this.workerClient];
    this.client = this.connect();
    this.workerClient = null;
    for (const listener of this.moveListeners) listener();
    client?.disconnect();
    workerClient?.disconnect();
  }
}

/** Where no cache is on the same cluster, somebody must look which server has the queue. */
export function jobsRedisOf(jobs: JobsSettings, cache: CacheSettings, realm: Realm): JobsRedis {
  const { servers } = jobs;
  if (servers.cluster === null || sharesServers(servers, cache.servers)) {
    return new JobsRedis(new Home(servers, realm, QUEUE_PREFIX));
  }
  const own = new Realm(servers);
  const looking = setInterval(() => void own.look().catch(() => undefined), LOOK_INTERVAL_MS).unref();
  return new JobsRedis(new Home(servers, own, QUEUE_PREFIX), () => {
    clearInterval(looking);
    own.close();
  });
}
