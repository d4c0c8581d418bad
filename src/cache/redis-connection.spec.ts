import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { addressMap } from '../config/redis-servers.js';
import { reaching } from './reaching.js';
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

  it('is led where the map says, also from an address of IPv6, which Sentinel tells without brackets', () => {
    const addresses =
      addressMap('10.0.0.5:6379=203.0.113.5:7000,[fd00::5]:6379=[::1]:7001') ?? new Map<string, never>();
    const settings = { hosts: [], name: 'main', password: null, tls: false, addresses };
    const told: string[] = [];
    const servers = { url: 'redis://main', sentinel: settings, cluster: null };
    const [, { natMap }] = reaching(servers, {}, (address) => told.push(address));
    const from = ['10.0.0.5:6379', 'fd00::5:6379', 'fd00::6:6379'];
    expect(from.map((text) => (typeof natMap === 'function' ? natMap(text) : text))).toEqual([
      { host: '203.0.113.5', port: 7_000 },
      { host: '::1', port: 7_001 },
      null,
    ]);
    expect(told).toEqual(['10.0.0.5:6379', '[fd00::5]:6379', '[fd00::6]:6379']);
  });
});
