import type { Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as afterReading, setTimeout as sleep } from 'node:timers/promises';

/** A connection in use brings its next request within this time, and is told to close by the answer. */
export const IDLE_AFTER_MS = 1_000;

/** Requests are answered by then, or not at all: Postgres and Redis have shorter timeouts. */
export const DRAIN_MS = 5_000;

const POLL_MS = 10;

/** Closes a server without resetting a connection that is in use. */
export class Drain {
  private readonly sockets = new Set<Socket>();

  constructor(private readonly server: Server) {
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
    // The close of the class above: it stops to listen, and leaves the connections alone.
    NetServer.prototype.close.call(this.server);
    while (this.sockets.size > 0 && performance.now() - begin < DRAIN_MS) {
      if (performance.now() - begin > IDLE_AFTER_MS) this.closeIdle();
      await sleep(POLL_MS);
      // When the process was held up, timers run before what came meanwhile is read; then its connection is not idle.
      await afterReading();
    }
    this.server.closeAllConnections();
  }

  private closeIdle(): void {
    this.server.closeIdleConnections();
    // To Node, a connection that never said anything is not idle but slow.
    for (const socket of this.sockets) if (socket.bytesRead === 0) socket.destroy();
  }
}
