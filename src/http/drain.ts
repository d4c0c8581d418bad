import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A connection in use brings its next request within this time, and is told to close by the answer. */
const IDLE_AFTER_MS = 1_000;

/** Requests are answered by then, or not at all: Postgres and Redis have shorter timeouts. */
const DRAIN_MS = 5_000;

const POLL_MS = 10;

/**
 * Stops listening and waits until every connection is closed, for `DRAIN_MS` at most. Requests that still arrive are
 * answered. Node's own `close()` would cut connections that are idle between two requests, and so reset the next one.
 */
export async function drain(server: Server): Promise<void> {
  if (!server.listening) return;
  const begin = performance.now();
  // The close of the class above: it stops to listen, and leaves the connections alone.
  NetServer.prototype.close.call(server);
  while ((await connectionsOf(server)) > 0 && performance.now() - begin < DRAIN_MS) {
    if (performance.now() - begin > IDLE_AFTER_MS) server.closeIdleConnections();
    await sleep(POLL_MS);
  }
  server.closeAllConnections();
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}
