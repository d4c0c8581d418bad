import cluster from 'node:cluster';
import type { Server, Socket } from 'node:net';

/**
 * Closes at once what comes beside `max` connections that are open. In a worker, Node's own limit would not: it hands them
 * back, and they go around among the workers for as long as all of these are full.
 *
 * @param server that does not listen yet, and has its own listeners for connections
 */
export function limitConnections(server: Server, max: number): void {
  if (!cluster.isWorker) {
    server.maxConnections = max;
    return;
  }
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
    if (open > max) socket.destroy();
  });
}
