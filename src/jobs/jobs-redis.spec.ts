import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Redis } from 'ioredis';
import { Home } from '../cache/home.js';
import { JobsRedis } from './jobs-redis.js';
import { QUEUE_PREFIX } from '../config/redis-servers.js';

describe('connections of the jobs under Sentinel', () => {
  const asked: Socket[] = [];
  let sentinel: Server;
  let jobs: JobsRedis;

  beforeEach(async () => {
    // One that takes connections and says nothing, as one that is frozen.
    sentinel = createServer((socket) => asked.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(sentinel, 'listening');
    const { port } = sentinel.address() as AddressInfo;
    const hosts = [{ host: '127.0.0.1', port }];
    const settings = { hosts, name: 'main', password: null, tls: false, addresses: new Map<string, never>() };
    const servers = { url: 'redis://main', sentinel: settings, cluster: null };
    jobs = new JobsRedis(new Home(servers, null, QUEUE_PREFIX));
  });

  afterEach(() => {
    jobs.close();
    for (const socket of asked.splice(0)) socket.destroy();
    sentinel.close();
  });

  it.each<[string, () => Redis]>([
    ['that of whoever adds jobs', () => jobs.producer],
    ['that of the worker', () => jobs.forWorker()],
    ['that on which the worker waits for jobs', () => jobs.forWorker().duplicate()],
  ])('%s comes back after it was told to connect anew while it asked for the primary', async (_, of) => {
    const client = of();
    const turned = (event: string) => new Promise((resolve) => client.once(event, resolve));
    const ended = turned('end');
    client.disconnect(true);
    await ended;
    await turned('connecting');
  });
});
