/** A hand in Redis: looks at what the service keeps there, and changes it behind its back. */
import { Redis } from 'ioredis';

export class CacheHand {
  readonly redis: Redis;

  constructor(url: string) {
    this.redis = new Redis(url, { retryStrategy: () => 50 });
    this.redis.on('error', () => undefined);
  }

  /** The entry or lease of a counter, as it is. */
  value(name: string): Promise<string | null> {
    return this.redis.get(`ec:${name}`);
  }

  async put(name: string, value: string): Promise<void> {
    await this.redis.set(`ec:${name}`, value, 'PX', 60_000);
  }

  /** Replaces version and body of an entry that is there, and keeps what says whose it is. */
  async plant(name: string, version: number, body: object | null): Promise<void> {
    const value = await this.value(name);
    if (value?.startsWith('E') !== true) throw new Error(`there is no entry of ${name}`);
    const [identity] = value.split(' ', 1);
    await this.put(name, `${identity ?? ''} ${version} ${body === null ? '' : JSON.stringify(body)}`);
  }

  /** How often Redis ran a command since it was started. */
  async callsOf(command: string): Promise<number> {
    const stats = await this.redis.info('commandstats');
    return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
  }

  close(): void {
    this.redis.disconnect();
  }
}
