import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { RedisConnection } from './redis-connection.js';

describe('a connection under Sentinel', () => {
  const asked: Socket[] = [];
  let sentinel: Server;

  beforeEach(async () => {
    // One that takes connections and says nothing, as one that is frozen.
    sentinel = createServer((socket) => asked.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(sentinel, 'listening');
  });

  afterEach(() => {
    for (const socket of asked) socket.destroy();
    sentinel.close();
  });

  it('goes on asking for the primary after it was told to leave while it asked', async () => {
    const { port } = sentinel.address() as AddressInfo;
    const hosts = [{ host: '127.0.0.1', port }];
    const settings = { hosts, name: 'main', password: null, tls: false, addresses: new Map<string, never>() };
    const connection = new RedisConnection({ url: 'redis://main', sentinel: settings, cluster: null }, 250);
    await once(sentinel, 'connection');
    connection.reconnect();
    await once(sentinel, 'connection');
    connection.close();
    expect(asked.length).toBeGreaterThan(1);
  });
});
