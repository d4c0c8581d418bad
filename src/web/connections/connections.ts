import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Meters } from '../../meters/meters.js';
import type { AddressShares } from '../../access/address-shares.js';
import { STALL_CHECK_MS, STALLED_LOOKS, STRANGER_KEEP_ALIVE_MS } from './limits.js';
import { StalledWrites } from './stalled-writes.js';

/** Why a connection was cut: its address had its share, or its client took nothing of what it asked for. */
type Reason = 'crowded' | 'stalled';

/** Sees to it that no client holds connections that others need. */
export class Connections {
  readonly cut: Record<Reason, number> = { crowded: 0, stalled: 0 };
  private readonly stalled = new StalledWrites(STALLED_LOOKS);
  private readonly open = new Set<Socket>();
  /** Those whose callers are not known yet, and get no patience. */
  private readonly strangers = new WeakSet<Socket>();

  /** @param shares of each address, over all ports together */
  constructor(private readonly shares: AddressShares) {}

  /** To be called for each server, before it listens. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.arrived(socket));
    const timer = setInterval(() => this.cutStalled(), STALL_CHECK_MS).unref();
    server.once('close', () => clearInterval(timer));
  }

  /** To be called at the begin of each request. An idle connection of a stranger is closed soon. */
  began(socket: Socket, response: ServerResponse): void {
    if (!this.strangers.has(socket)) return;
    // Node tells its own, longer time; with this header it leaves that to us.
    if (response.shouldKeepAlive) response.setHeader('keep-alive', `timeout=${STRANGER_KEEP_ALIVE_MS / 1_000}`);
    response.once('finish', () => {
      // Node has set the longer one just before, unless another request is under way already.
      const isIdle = (socket.timeout ?? 0) > STRANGER_KEEP_ALIVE_MS;
      if (isIdle && this.strangers.has(socket)) socket.setTimeout(STRANGER_KEEP_ALIVE_MS);
    });
  }

  /** The caller of the request that is under way was let in. */
  know(socket: Socket, response: ServerResponse): void {
    if (this.strangers.delete(socket)) response.removeHeader('keep-alive');
  }

  addTo(meters: Meters): void {
    meters.add(
      {
        kind: 'gauge',
        name: 'evercount_http_connections_open',
        help: 'Connections that are open, HEALTH_PORT included',
        read: () => this.open.size,
      },
      {
        kind: 'counter',
        name: 'evercount_http_connections_cut_total',
        help: 'Connections that were cut: of an address that had its share, and of clients that took nothing',
        labels: ['reason'],
        read: () => Object.entries(this.cut).map(([reason, value]) => ({ labels: { reason }, value })),
      },
    );
  }

  private arrived(socket: Socket): void {
    const { remoteAddress } = socket;
    // Gone already.
    if (remoteAddress === undefined) return;
    if (!this.shares.take(remoteAddress)) {
      this.cut.crowded += 1;
      socket.destroy();
      return;
    }
    this.open.add(socket);
    if (!this.shares.trusts(remoteAddress)) this.strangers.add(socket);
    socket.once('close', () => {
      this.open.delete(socket);
      this.shares.giveBack(remoteAddress);
    });
  }

  private cutStalled(): void {
    for (const socket of this.open) {
      if (!this.stalled.look(socket)) continue;
      this.cut.stalled += 1;
      // Otherwise the kernel would go on keeping what nobody takes.
      socket.resetAndDestroy();
    }
  }
}
