import { Redis } from 'ioredis';
import type { SentinelSettings } from '../config/redis-servers.js';
import { PROMPT, SENTINEL_TIMEOUT_MS } from './redis-client.js';

/** Which server Sentinel holds for the primary. */
export interface Election {
  /** Rises with each failover. */
  readonly epoch: number;
  /** `host:port`, as Sentinel says it. */
  readonly address: string;
}

/** All Sentinels at once: one that is cut off from the others would tell of an election that is over. */
export class Sentinels {
  private readonly clients: readonly Redis[];

  constructor(private readonly settings: SentinelSettings) {
    this.clients = settings.hosts.map((host) => {
      const client = new Redis({
        ...PROMPT,
        ...host,
        ...(settings.password === null ? {} : { password: settings.password }),
        ...(settings.tls ? { tls: {} } : {}),
        commandTimeout: SENTINEL_TIMEOUT_MS,
        connectionName: 'evercount-cache',
      });
      // One that is away says nothing, and the others do.
      client.on('error', () => undefined);
      return client;
    });
  }

  /** The newest election that any of them knows of; null where none answers. */
  async newest(): Promise<Election | null> {
    const answers = await Promise.all(this.clients.map((client) => this.ask(client)));
    return answers.reduce((newest, one) => (one !== null && one.epoch > (newest?.epoch ?? -1) ? one : newest), null);
  }

  close(): void {
    for (const client of this.clients) client.disconnect();
  }

  private async ask(client: Redis): Promise<Election | null> {
    try {
      const reply = (await client.call('SENTINEL', 'MASTER', this.settings.name)) as string[];
      const field = (name: string): string | undefined => reply[reply.indexOf(name) + 1];
      const epoch = Number(field('config-epoch'));
      return Number.isSafeInteger(epoch) ? { epoch, address: `${field('ip') ?? ''}:${field('port') ?? ''}` } : null;
    } catch {
      return null;
    }
  }
}
