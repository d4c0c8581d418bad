/**
 * Loaded into the service by `--import`, with `--expose-gc`: tells whoever connects to HEAP_SOCKET what it keeps, once
 * garbage is collected. Without that, what a connection keeps could not be told from what its first request left behind.
 */
import { createServer } from 'node:net';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    globalThis.gc();
    socket.end(JSON.stringify(process.memoryUsage()));
  });
  server.listen(process.env.HEAP_SOCKET).unref();
}
