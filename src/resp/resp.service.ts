import { randomBytes, randomUUID } from 'node:crypto';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Admission } from '../access/admission.js';
import type { AddressShares } from '../access/address-shares.js';
import { ActionLog } from '../access/action-log.js';
import { RespSettings } from '../config/config.js';
import { CountersService } from '../counters/counters.service.js';
import { DatabaseClock } from '../counters/database-clock.js';
import { Names } from '../counters/reads/names.js';
import { CacheGuard } from '../counters/guard/cache-guard.js';
import { Meters } from '../meters/meters.js';
import type { Line, Talk } from '../wire/line.js';
import { LineServer } from '../wire/line-server.js';
import { Client } from './client.js';
import { Clients } from './clients.js';
import { Conversation } from './conversation.js';
import { CommandRunner } from './command-runner.js';
import { tableOf } from './table.js';

/** The Redis protocol as a way in: its port, and who is connected. */
@Injectable()
export class RespService implements BeforeApplicationShutdown {
  private readonly logger = new Logger('resp');
  private readonly clients = new Clients();
  private readonly runner: CommandRunner;
  private server: LineServer | null = null;
  private drained: Promise<void> | null = null;

  constructor(
    private readonly settings: RespSettings,
    counters: CountersService,
    admission: Admission,
    actionLog: ActionLog,
    guard: CacheGuard,
    names: Names,
    clock: DatabaseClock,
    private readonly meters: Meters,
  ) {
    const { clients } = this;
    const runId = randomBytes(20).toString('hex');
    const instance = { guard, clients, runId, startedAtMs: performance.now(), port: () => this.port };
    const nowMs = (): number => clock.latestMs();
    const table = tableOf({ admission, counters, actionLog, names, instance, nowMs, flush: settings.flush });
    this.runner = new CommandRunner(table, admission, counters, actionLog);
  }

  /** Where it listens; null where it does not. */
  get port(): number | null {
    return this.server?.port ?? null;
  }

  /**
   * Listens, if that is wanted. A port that nobody asked for may be taken; one line says so.
   *
   * @param shares of each address, over all ports together
   * @throws where the port cannot be listened on
   */
  async listen(shares: AddressShares): Promise<void> {
    const { host, port, isPortAsked, maxConnections, tls } = this.settings;
    if (port === null) return;
    const server = new LineServer(shares, maxConnections, (line) => this.talkOn(line), tls);
    try {
      await server.listen(host, port);
    } catch (error) {
      if (isPortAsked) throw error;
      this.logger.warn(
        `port ${port} is taken by another program: the Redis protocol is not spoken; RESP_PORT chooses another one`,
      );
      return;
    }
    this.server = server;
    this.measure(server);
  }

  /** Begins at once, beside the drain of HTTP, which ends it: see `drain`. */
  beforeApplicationShutdown(): void {
    void this.drain();
  }

  /** Answers what was accepted and closes every connection. */
  drain(): Promise<void> {
    this.drained ??= this.server?.drain() ?? Promise.resolve();
    return this.drained;
  }

  private talkOn(line: Line): Talk {
    const { clients } = this;
    const client = new Client(clients.nextId(), line.address, randomUUID(), line, () => line.cut());
    clients.add(client);
    return new Conversation(line, client, this.runner, () => clients.remove(client));
  }

  private measure(server: LineServer): void {
    this.meters.add(
      {
        kind: 'gauge',
        name: 'evercount_resp_connections_open',
        help: 'Connections of the Redis protocol that are open',
        read: () => server.openLines,
      },
      {
        kind: 'counter',
        name: 'evercount_resp_connections_crowded_total',
        help: 'Connections of the Redis protocol that were closed since their address had its share',
        read: () => server.crowded,
      },
    );
  }
}
