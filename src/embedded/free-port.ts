/** Ports of loopback for servers of our own. */
import { createServer } from 'node:net';
import { EmbeddedError } from './embedded-error.js';

/** A free port may be taken by another between the look and the start. */
const PORT_ATTEMPTS = 5;

/** Calls `start` with a free port of loopback, and with another one when it turns out to be taken. */
export async function onFreePort(start: (port: number) => Promise<void>): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      await start(port);
      return port;
    } catch (error) {
      const taken = error instanceof EmbeddedError && /address already in use|port is already/i.test(error.message);
      if (!taken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done, failed) => {
    probe.once('error', failed).listen(0, '127.0.0.1', done);
  });
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === 'string') throw new EmbeddedError('127.0.0.1 has no free port');
  return address.port;
}
