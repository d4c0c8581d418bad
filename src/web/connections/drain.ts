import type { IncomingMessage, Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as afterReading, setTimeout as sleep } from 'node:timers/promises';
import { IS_BUN } from './runtime.js';

/** A connection in use brings its next request within this time, and is told to close by the answer. */
export const IDLE_AFTER_MS = 1_000;

/** Requests are answered by then, or not at all: Postgres and Redis have shorter timeouts. */
export const DRAIN_MS = 5_000;

const POLL_MS = 10;

/** Closes a server without resetting a connection that is in use. */
export class Drain {
  private readonly sockets = new Set<Socket>();
  /** Those that ever asked for something, on Bun: it does not count the bytes that came. */
  private readonly talkers = new WeakSet<Socket>();

  constructor(private readonly server: Server) {
    if (IS_BUN) server.on('request', ({ socket }: IncomingMessage) => this.talkers.add(socket));
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /**
   * Stops listening and waits until every connection is closed, for `DRAIN_MS` at most. Requests that still arrive are
   * answered. Node's own `close()` would cut connections that are idle between two requests, and reset the next one.
   */
  async run(): Promise<void> {
    const begin = performance.now();
    // The close of the class above: it stops to listen, and leaves the connections alone. Bun has none that does: there
    // it goes on listening until they have been told to close.
    if (!IS_BUN) NetServer.prototype.close.call(this.server);
    for (let tookMs = 0; this.sockets.size > 0 && tookMs < DRAIN_MS; tookMs = performance.now() - begin) {
      if (tookMs > IDLE_AFTER_MS) this.closeIdle(tookMs);
      await sleep(POLL_MS);
      // When the process was held up, timers run before what came meanwhile is read; then its connection is not idle.
      await afterReading();
    }
    if (this.server.listening) this.server.close();
    this.server.closeAllConnections();
  }

  private closeIdle(tookMs: number): void {
    if (this.server.listening) this.server.close();
    this.server.closeIdleConnections();
    // To Node, a connection that never said anything is not idle but slow.
    for (const socket of this.sockets) if (this.isSilent(socket, tookMs)) socket.destroy();
  }

  private isSilent(socket: Socket, tookMs: number): boolean {
    // One that came while it still listened had no time to speak.
    if (IS_BUN) return tookMs > 2 * IDLE_AFTER_MS && !this.talkers.has(socket);
    return socket.bytesRead === 0;
  }
}
