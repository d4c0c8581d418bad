import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from './eventually.js';
import { TcpProxy } from './tcp-proxy.js';

/** Long enough for a byte to cross loopback many times; a test that shows silence has to listen for a while. */
const SILENCE_MS = 80;

describe('a TCP proxy', () => {
  let server: Server;
  let proxy: TcpProxy;
  /** The server's ends, and everything that reached it. */
  let served: Socket[];
  let received: string;
  let clients: Socket[];

  beforeEach(async () => {
    [served, received, clients] = [[], '', []];
    server = createServer((socket) => {
      served.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        received += String(bytes);
        socket.write(`echo ${String(bytes)}`);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  });

  afterEach(async () => {
    await proxy.close();
    for (const socket of [...clients, ...served]) socket.destroy();
    server.close();
    await once(server, 'close');
    expect(proxy.connections).toBe(0);
  });

  class Client {
    heard = '';
    /** 'open', 'ended', or the code of the error. */
    state = 'open';
    constructor(readonly socket: Socket) {
      clients.push(socket);
      socket.on('data', (bytes) => (this.heard += String(bytes)));
      socket.on('error', (error) => (this.state = 'code' in error ? String(error.code) : error.message));
      socket.on('close', () => (this.state = this.state === 'open' ? 'ended' : this.state));
    }
    async hears(text: string): Promise<void> {
      await eventually(() => this.heard === text);
    }
  }
  const client = () => new Client(connect(proxy.port, '127.0.0.1'));

  /** A connection that has already carried a message. */
  async function establishedClient(): Promise<Client> {
    const established = client();
    established.socket.write('a');
    await established.hears('echo a');
    return established;
  }

  async function staysSilent(listener: Client, heard: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    expect(listener).toMatchObject({ heard, state: 'open' });
  }

  it('passes bytes and endings both ways', async () => {
    const one = await establishedClient();
    one.socket.end('b');
    await eventually(() => one.heard === 'echo aecho b' && one.state === 'ended');
    const two = await establishedClient();
    served.at(-1)?.end();
    await eventually(() => two.state === 'ended');
    await eventually(() => proxy.connections === 0);
  });

  it('refuses as if nobody listened, and comes back on the same port', async () => {
    const before = await establishedClient();
    await proxy.setMode({ kind: 'refuse' });
    await eventually(() => before.state === 'ECONNRESET');
    const during = client();
    await eventually(() => during.state === 'ECONNREFUSED');
    await proxy.setMode({ kind: 'pass' });
    await establishedClient();
  });

  it('loses every byte in silence, and a connection that lost some never speaks again', async () => {
    const before = await establishedClient();
    await proxy.setMode({ kind: 'silent' });
    const during = client();
    before.socket.write('b');
    during.socket.write('c');
    await staysSilent(before, 'echo a');
    await staysSilent(during, '');
    await proxy.setMode({ kind: 'pass' });
    before.socket.write('d');
    await staysSilent(before, 'echo a');
    expect(received).toBe('a');
    await establishedClient();
  });

  it('lets a connection that lost nothing in the silence go on', async () => {
    const before = await establishedClient();
    await proxy.setMode({ kind: 'silent' });
    await proxy.setMode({ kind: 'pass' });
    before.socket.write('b');
    await before.hears('echo aecho b');
  });

  it('tells the other end of an ending only after the silence', async () => {
    const before = await establishedClient();
    await proxy.setMode({ kind: 'silent' });
    before.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    expect(served[0]?.closed).toBe(false);
    await proxy.setMode({ kind: 'pass' });
    await eventually(() => served[0]?.closed === true);
  });

  it('loses answers only when half-open towards the client', async () => {
    const before = await establishedClient();
    await proxy.setMode({ kind: 'half-open', lost: 'to client' });
    before.socket.write('b');
    await eventually(() => received === 'ab');
    await staysSilent(before, 'echo a');
  });

  it('loses requests only when half-open towards the server', async () => {
    const before = await establishedClient();
    await proxy.setMode({ kind: 'half-open', lost: 'to server' });
    before.socket.write('b');
    served[0]?.write('pushed');
    await before.hears('echo apushed');
    expect(received).toBe('a');
  });

  it('holds bytes back and delivers them late, in order', async () => {
    const before = await establishedClient();
    await proxy.setMode({ kind: 'hold' });
    before.socket.write('b');
    const during = client();
    during.socket.write('c');
    await staysSilent(before, 'echo a');
    expect(received).toBe('a');
    await proxy.setMode({ kind: 'pass' });
    await before.hears('echo aecho b');
    await during.hears('echo c');
  });

  it('slows each direction by the latency, and never lets a later byte overtake', async () => {
    const before = await establishedClient();
    const latencyMs = 60;
    await proxy.setMode({ kind: 'slow', latencyMs });
    const started = performance.now();
    before.socket.write('b');
    await eventually(() => received === 'ab');
    expect(performance.now() - started).toBeGreaterThanOrEqual(latencyMs - 1);
    await before.hears('echo aecho b');
    expect(performance.now() - started).toBeGreaterThanOrEqual(2 * latencyMs - 2);
    served[0]?.write('?');
    await proxy.setMode({ kind: 'pass' });
    served[0]?.write('!');
    await before.hears('echo aecho b?!');
  });

  it('resets connections, and new ones too', async () => {
    const before = await establishedClient();
    await proxy.setMode({ kind: 'reset' });
    await eventually(() => before.state === 'ECONNRESET');
    const during = client();
    await eventually(() => during.state === 'ECONNRESET');
  });

  it('closes a connection whose ending it is passing on', async () => {
    const before = await establishedClient();
    await proxy.setMode({ kind: 'half-open', lost: 'to client' });
    served[0]?.end();
    await staysSilent(before, 'echo a');
    await proxy.setMode({ kind: 'pass' });
    await proxy.close();
    await eventually(() => before.state !== 'open');
  });

  it('resets the client when the server cannot be reached', async () => {
    server.close();
    const during = client();
    await eventually(() => during.state === 'ECONNRESET');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
});
