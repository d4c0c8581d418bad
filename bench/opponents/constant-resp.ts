/** The ceiling of the Redis protocol on Node's sockets: every command, however many there are in a packet, is answered `:1`. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { announce } from './listen.js';

const STAR = '*'.charCodeAt(0);

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    // Commands begin with a star, and none of those that are sent here holds another.
    let commands = 0;
    for (const byte of bytes) if (byte === STAR) commands += 1;
    socket.write(':1\r\n'.repeat(commands), 'latin1');
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
announce(server.address() as AddressInfo);
