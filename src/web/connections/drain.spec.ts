import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Drain, IDLE_AFTER_MS } from './drain.js';

it('a request that came while the process was held up is answered, and not taken for none', async () => {
  const server = createServer((_, response) => response.end('answered'));
  const drain = new Drain(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const ask = async (): Promise<string> => {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return String(bytes);
  };
  await ask();

  const drained = drain.run();
  const answer = ask();
  // Nothing is read meanwhile.
  for (const heldUpUntilMs = performance.now() + 1.1 * IDLE_AFTER_MS; performance.now() < heldUpUntilMs;);
  expect(await answer).toContain('answered');
  await drained;
});
