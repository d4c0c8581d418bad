import { Injectable } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { PATIENT, PROMPT, reaching } from '../cache/redis-client.js';
import { isRefusal, reasonOf } from '../cache/redis-connection.js';
import { JobsSettings } from '../config/config.js';

/** Producers do not wait: a command without an answer by then counts as failed. */
const COMMAND_TIMEOUT_MS = 500;

/** A connection on which nothing came by then is half open, and is made anew. */
const PRODUCER_SILENCE_MS = 1_000;

/** The same for the worker: BullMQ waits for a job for up to 10 s. */
const WORKER_SILENCE_MS = 12_000;

/** BullMQ duplicates the client of a worker for blocking reads; the copies end with the original. */
class WorkerClient extends Redis {
  private readonly copies: Redis[] = [];

  override duplicate(override?: Partial<RedisOptions>): Redis {
    const copy = super.duplicate(override);
    copy.on('error', () => undefined);
    this.copies.push(copy);
    return copy;
  }

  override disconnect(reconnect = false): void {
    super.disconnect(reconnect);
    for (const copy of this.copies) copy.disconnect(reconnect);
  }
}

/** The connections to BullMQ's Redis. They have nothing to do with the cache's, which may be to the same server. */
@Injectable()
export class JobsRedis {
  /** For everybody but the worker: while there is no connection, every command fails at once. */
  readonly producer: Redis;
  private workerClient: WorkerClient | null = null;
  private lastFault: string | null = null;
  private skipVersionCheck = false;

  constructor(private readonly settings: JobsSettings) {
    this.producer = new Redis(
      ...reaching(settings.servers, {
        ...PROMPT,
        connectionName: 'evercount-jobs',
        commandTimeout: COMMAND_TIMEOUT_MS,
        socketTimeout: PRODUCER_SILENCE_MS,
      }),
    );
    // Whoever needs the connection says what fails; without a listener ioredis would print every failed attempt.
    this.producer.on('error', (error: Error) => (this.lastFault = reasonOf(error)));
    this.producer.on('ready', () => (this.lastFault = null));
  }

  /** Why there is no connection, as far as is known. */
  get fault(): string | null {
    return this.lastFault;
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

  get isReady(): boolean {
    return this.producer.status === 'ready';
  }

  /** The client of the worker, which waits for Redis as long as it takes: BullMQ demands that. */
  forWorker(): Redis {
    if (this.workerClient === null) {
      this.workerClient = new WorkerClient(
        ...reaching(this.settings.servers, {
          ...PATIENT,
          connectionName: 'evercount-jobs-worker',
          socketTimeout: WORKER_SILENCE_MS,
        }),
      );
      // An option of BullMQ's, which reads it from the client that it is given.
      Object.assign(this.workerClient.options, { skipVersionCheck: this.skipVersionCheck });
      this.workerClient.on('error', () => undefined);
    }
    return this.workerClient;
  }

  /** Ends every connection without waiting for anything. */
  close(): void {
    this.producer.disconnect();
    this.workerClient?.disconnect();
  }
}
