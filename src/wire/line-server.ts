import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { AddressShares } from '../access/address-shares.js';
import { limitConnections } from '../access/connection-limit.js';
import { ACCEPT_BACKLOG, DRAIN_MS, HANDSHAKE_MS, KEEP_ALIVE_MS } from './limits.js';
import { Line, type Talk } from './line.js';
import { UntakenBytes } from './untaken-bytes.js';

const POLL_MS = 10;

/** A certificate and its key, in PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** A port of a line protocol. */
export class LineServer {
  /** Connections that were closed since their address had its share. */
  crowded = 0;
  private readonly server: Server;
  private readonly untaken = new UntakenBytes();
  private readonly lines = new Set<Line>();
  /** What TLS is spoken over, by the other side's place: only that can be reset. */
  private readonly below = new Map<string, Socket>();

  /**
   * @param shares of each address, over all ports
   * @param maxConnections further ones are closed at once
   * @param talk what the protocol makes of a new connection
   */
  constructor(
    private readonly shares: AddressShares,
    maxConnections: number,
    private readonly talk: (line: Line) => Talk,
    tls: Tls | null,
  ) {
    // The kernel finds out that the other side is gone without a word.
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    this.server =
      tls === null ? createServer(options) : createTlsServer({ ...options, ...tls, handshakeTimeout: HANDSHAKE_MS });
    limitConnections(this.server, maxConnections);
    this.server.on('connection', (socket: Socket) => {
      // Before the handshake, which is what costs.
      if (!this.admit(socket)) return;
      if (tls === null) this.open(socket, () => socket.resetAndDestroy());
      else this.keepBelow(socket);
    });
    this.server.on('secureConnection', (socket: TLSSocket) => {
      const place = placeOf(socket);
      this.open(socket, () => this.below.get(place)?.resetAndDestroy());
    });
    // Node closes it after a fault, and leaves it open where the handshake took too long.
    this.server.on('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy());
  }

  /** Connections that are open. */
  get openLines(): number {
    return this.lines.size;
  }

  /** The port, once it listens; null until then. */
  get port(): number | null {
    return (this.server.address() as AddressInfo | null)?.port ?? null;
  }

  /** @throws where the port is taken */
  async listen(host: string, port: number): Promise<void> {
    this.server.listen({ host, port, backlog: ACCEPT_BACKLOG });
    await once(this.server, 'listening');
  }

  /** Stops listening, answers what was accepted and closes every connection; those left after `DRAIN_MS` are cut. */
  async drain(): Promise<void> {
    if (this.server.listening) this.server.close();
    for (const line of this.lines) line.drain();
    const deadlineMs = performance.now() + DRAIN_MS;
    while (this.lines.size > 0 && performance.now() < deadlineMs) await sleep(POLL_MS);
    for (const line of this.lines) line.cut();
  }

  private admit(socket: Socket): boolean {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) {
      // Gone already.
      socket.destroy();
      return false;
    }
    if (!this.shares.take(remoteAddress)) {
      this.crowded += 1;
      socket.destroy();
      return false;
    }
    socket.once('close', () => this.shares.giveBack(remoteAddress));
    return true;
  }

  private keepBelow(socket: Socket): void {
    const place = placeOf(socket);
    this.below.set(place, socket);
    socket.once('close', () => {
      // Its place may be another one's by now.
      if (this.below.get(place) === socket) this.below.delete(place);
    });
  }

  private open(socket: Socket, reset: () => void): void {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || socket.destroyed) {
      socket.destroy();
      return;
    }
    const line = new Line(socket, remoteAddress, this.untaken, reset);
    this.lines.add(line);
    socket.once('close', () => this.lines.delete(line));
    line.open(this.talk(line));
  }
}

function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
