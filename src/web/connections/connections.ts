import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AddressShares } from '../../access/address-shares.js';
import { networkOf } from '../../access/network.js';
import type { Meters } from '../../meters/meters.js';
import {
  HASTY_PAUSE_MS,
  LINGER_MS,
  MAX_LINGERING,
  STALL_CHECK_MS,
  STALLED_LOOKS,
  STRANGER_KEEP_ALIVE_MS,
} from './limits.js';
import { IS_BUN } from './runtime.js';
import { StalledWrites } from './stalled-writes.js';

/**
 * Why a connection was cut: its address had its share, its client took nothing of what it asked for, or asked for far too
 * much at a time.
 */
type Reason = 'crowded' | 'stalled' | 'hasty';

/** Sees to it that no client holds connections that others need. */
export class Connections {
  readonly cut: Record<Reason, number> = { crowded: 0, stalled: 0, hasty: 0 };
  private readonly stalled = new StalledWrites(STALLED_LOOKS);
  private readonly open = new Set<Socket>();
  /** Those whose callers are not known yet, and get no patience. */
  private readonly strangers = new WeakSet<Socket>();
  /** Addresses that get no new connection until then, by the monotonic clock. */
  private readonly barredUntilMs = new Map<string, number>();
  private lingering = 0;

  /** @param shares of each address, over all ports together */
  constructor(private readonly shares: AddressShares) {}

  /** To be called for each server, before it listens. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.arrived(socket));
    const timer = setInterval(() => this.look(), STALL_CHECK_MS).unref();
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

  /**
   * Its client sent far more requests than it waits for. The strangers at its address lose their connections too, and get
   * no other for a while: what each of them may send at once, before it is cut, would be enough to hold up everybody.
   */
  cutHasty(socket: Socket): void {
    const { remoteAddress } = socket;
    if (socket.destroyed) return;
    this.cut.hasty += 1;
    socket.destroy();
    if (remoteAddress === undefined || this.shares.trusts(remoteAddress)) return;
    const network = networkOf(remoteAddress);
    this.barredUntilMs.set(network, performance.now() + HASTY_PAUSE_MS);
    for (const other of this.open) {
      if (this.strangers.has(other) && networkOf(other.remoteAddress ?? '') === network) other.destroy();
    }
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
        help: 'Connections that were cut: of an address that had its share, of clients that took nothing, or asked too hastily',
        read: () => Object.entries(this.cut).map(([reason, value]) => ({ labels: { reason }, value })),
      },
    );
  }

  private arrived(socket: Socket): void {
    const { remoteAddress } = socket;
    // Gone already.
    if (remoteAddress === undefined) return;
    const isBarred = this.barredUntilMs.size > 0 && this.barredUntilMs.has(networkOf(remoteAddress));
    if (isBarred || !this.shares.take(remoteAddress)) {
      this.cut[isBarred ? 'hasty' : 'crowded'] += 1;
      this.closeLate(socket);
      return;
    }
    this.open.add(socket);
    if (!this.shares.trusts(remoteAddress)) this.strangers.add(socket);
    socket.once('close', () => {
      this.open.delete(socket);
      this.shares.giveBack(remoteAddress);
    });
  }

  /** Whoever is closed at once is back at once, ten thousand times a second; nothing is read from it meanwhile. */
  private closeLate(socket: Socket): void {
    // Bun goes on reading what is paused, and it would be answered.
    if (IS_BUN || this.lingering >= MAX_LINGERING) {
      socket.destroy();
      return;
    }
    this.lingering += 1;
    // Not now: Node is about to begin to read it.
    process.nextTick(() => socket.pause());
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => {
      this.lingering -= 1;
      clearTimeout(timer);
    });
  }

  private look(): void {
    const nowMs = performance.now();
    for (const [network, untilMs] of this.barredUntilMs) if (nowMs > untilMs) this.barredUntilMs.delete(network);
    for (const socket of this.open) {
      if (!this.stalled.look(socket)) continue;
      this.cut.stalled += 1;
      // Otherwise the kernel would go on keeping what nobody takes.
      socket.resetAndDestroy();
    }
  }
}
