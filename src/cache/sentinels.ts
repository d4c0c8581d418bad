import { once } from 'node:events';
import { Redis } from 'ioredis';
import { bracketed } from '../config/address.js';
import type { SentinelSettings } from '../config/redis-servers.js';
import { FIRST_CONTACT_MS, PROMPT, SENTINEL_TIMEOUT_MS } from './redis-client.js';

/** Which server a Sentinel holds for the primary. */
export interface Election {
  /** Rises with each failover. */
  readonly epoch: number;
  /** `host:port` that Sentinel says. */
  readonly address: string;
  readonly replicas: number;
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

  /** Settles when each of them took a connection, or will not for now, or not within `patienceMs`. */
  async whenReady(patienceMs = FIRST_CONTACT_MS): Promise<void> {
    await Promise.all(
      this.clients.map((client) =>
        once(client, 'ready', { signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined),
      ),
    );
  }

  /** The newest election that any of them knows of; null where none answers. */
  async newest(): Promise<Election | null> {
    const answers = await this.all();
    return answers.reduce((newest, one) => (one !== null && one.epoch > (newest?.epoch ?? -1) ? one : newest), null);
  }

  /** What each of them says; null where one does not answer. */
  all(): Promise<(Election | null)[]> {
    return Promise.all(this.clients.map((client) => this.ask(client)));
  }

  close(): void {
    for (const client of this.clients) client.disconnect();
  }

  private async ask(client: Redis): Promise<Election | null> {
    try {
      const reply = (await client.call('SENTINEL', 'MASTER', this.settings.name)) as string[];
      const field = (name: string): string | undefined => reply[reply.indexOf(name) + 1];
      const epoch = Number(field('config-epoch'));
      if (!Number.isSafeInteger(epoch)) return null;
      const address = `${bracketed(field('ip') ?? '')}:${field('port') ?? ''}`;
      return { epoch, address, replicas: Number(field('num-slaves') ?? 0) };
    } catch {
      return null;
    }
  }
}
