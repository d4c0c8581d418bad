/** One client can take much, and never what the others need: connections, the time of the server, its probes. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { startApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { scrape } from '../support/scrape.js';
import { withService } from '../support/service.js';
import { createTestDatabase } from '../support/shared-postgres.js';

const ADMIN_KEY = 'an-operators-own-key-0123456789';

const PER_ADDRESS = 20;

/** Of all addresses; room for those that are refused, too, since they are closed a second late. */
const IN_ALL = 100;

/** Clients that take nothing of their answers. */
const DEAF_CLIENTS = 12;

/** Twenty looks, a second apart, on a machine that may be far too busy. */
const PATIENCE_MS = 150_000;
const sockets = new Set<Socket>();

const service = withService({
  env: {
    AUTH: 'required',
    ADMIN_KEY,
    RATE_LIMIT: 'off',
    CONNECTIONS_PER_ADDRESS: String(PER_ADDRESS),
    MAX_CONNECTIONS: String(IN_ALL),
    HEALTH_PORT: '0',
  },
  // Whoever calls from the loopback is a stranger here, with one of its addresses: it has 16 million.
  strangers: true,
  ending: () => {
    for (const socket of sockets) socket.destroy();
  },
});

/** A connection from an address of this machine; answers once it is open. */
async function open(localAddress: string, url = service.app.url): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.once('close', () => sockets.delete(socket));
  await once(socket, 'connect');
  return socket;
}

/** Those that the service holds beside the one on which it is asked. */
const connections = async (): Promise<number> =>
  ((await scrape(service.app.healthUrl ?? '', ADMIN_KEY)).get('evercount_http_connections_open') ?? 0) - 1;

const request = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;

/** Whether it is answered on this connection; false where that is closed instead. */
async function isAnswered(socket: Socket, bytes = request('/livez')): Promise<boolean> {
  const answer = Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]);
  socket.write(bytes);
  return answer.catch(() => false);
}

async function areAnswered(localAddress: string, connections: number): Promise<number> {
  const opened = await Promise.all(Array.from({ length: connections }, () => open(localAddress)));
  const answered = await Promise.all(opened.map((socket) => isAnswered(socket)));
  return answered.filter(Boolean).length;
}

async function closeAll(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await connections()) === 0);
}

/** Takes all connections there are, from so many addresses; some may be closed a moment late, and are missing at first. */
async function fill(addresses: number): Promise<void> {
  await eventually(async () => {
    await closeAll();
    let answered = 0;
    for (let index = 30; index < 30 + addresses; index += 1)
      answered += await areAnswered(`127.0.0.${index}`, PER_ADDRESS);
    expect(answered).toBeLessThanOrEqual(IN_ALL);
    return answered === IN_ALL;
  });
}

describe('connections', () => {
  it(`of one address are ${PER_ADDRESS} at most, and of others as many, whatever the first one does`, async () => {
    expect(await areAnswered('127.0.0.2', 3 * PER_ADDRESS)).toBe(PER_ADDRESS);
    expect(await areAnswered('127.0.0.3', PER_ADDRESS)).toBe(PER_ADDRESS);
    expect(await areAnswered('127.0.0.2', 1)).toBe(0);
  });

  it('are there again for an address when it has closed its own', async () => {
    const own = [...sockets];
    for (const socket of own) socket.destroy();
    await eventually(async () => (await areAnswered('127.0.0.2', 1)) === 1);
  });

  it(`of all addresses are ${IN_ALL} at most`, async () => {
    await fill(IN_ALL / PER_ADDRESS + 1);
    await closeAll();
  });

  it('stay open for a caller that is known, and not for one that only holds them', async () => {
    const [known, unknown] = await Promise.all([open('127.0.0.4'), open('127.0.0.4')]);
    const closed: string[] = [];
    known.once('close', () => closed.push('known'));
    unknown.once('close', () => closed.push('unknown'));
    const withKey = request('/v1/session', `Authorization: Bearer ${ADMIN_KEY}\r\n`);
    // Whether first or last a key is brought: the connection is its caller's.
    expect(await isAnswered(known, request('/livez'))).toBe(true);
    expect(await isAnswered(known, withKey)).toBe(true);
    expect(await isAnswered(unknown)).toBe(true);
    await eventually(() => closed.length > 0);
    expect(closed).toEqual(['unknown']);
    expect(await isAnswered(known, withKey)).toBe(true);
  });

  it('say how long they stay', async () => {
    const told = async (bytes: string): Promise<string | undefined> => {
      const socket = await open('127.0.0.4');
      const data = once(socket, 'data') as Promise<[Buffer]>;
      socket.write(bytes);
      return /\r\nkeep-alive: timeout=(\d+)/i.exec((await data)[0].toString())?.[1];
    };
    expect(await told(request('/v1/session', `Authorization: Bearer ${ADMIN_KEY}\r\n`))).toBe('72');
    expect(await told(request('/livez'))).toBe('5');
    expect(await told(request('/v1/session', 'Authorization: Bearer ec_nonsense\r\n'))).toBe('5');
  });
});

describe('clients that take nothing of their answers', () => {
  it(`are cut, all ${DEAF_CLIENTS}, and one that reads slowly is not`, async () => {
    const pages = request('/openapi.json').repeat(1_000);
    /** A client that takes the head of its answer, and nothing after it. */
    const beginDeaf = async (index: number): Promise<Socket> => {
      const socket = await open(`127.0.0.${10 + index}`);
      socket.write(pages);
      await once(socket, 'data');
      socket.pause();
      return socket;
    };
    await closeAll();
    const deaf = await Promise.all(Array.from({ length: DEAF_CLIENTS }, (_, index) => beginDeaf(index)));
    const slow = await open('127.0.0.20');
    let taken = 0;
    slow.pause();
    slow.write(pages);
    const sip = setInterval(() => (taken += (slow.read() as Buffer | null)?.length ?? 0), 200);
    try {
      // The slow one alone is left, and what the tests before have closed.
      await eventually(async () => (await connections()) === 1, PATIENCE_MS);
      // Others were served all the while, and the slow one still is.
      expect(await areAnswered('127.0.0.21', 1)).toBe(1);
      const before = taken;
      await eventually(() => taken > before);
      expect(slow.destroyed).toBe(false);
    } finally {
      clearInterval(sip);
      for (const socket of [...deaf, slow]) socket.destroy();
    }
  });
});

describe('probes and metrics have a port of their own, HEALTH_PORT,', () => {
  const health = () => service.app.healthUrl ?? '';

  it('and are answered there when the other one takes no connection any more', async () => {
    // Strangers that say nothing for a while lose theirs.
    await eventually(async () => {
      await fill(IN_ALL / PER_ADDRESS);
      return send(service.app.url, 'GET', '/livez').then(
        () => false,
        () => true,
      );
    });
    for (const path of ['/livez', '/readyz', '/readyz?degraded=ok']) {
      expect([path, (await send(health(), 'GET', path)).status]).toEqual([path, 200]);
    }
    await closeAll();
  });

  it('with the key that metrics want, and nothing else', async () => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    expect((await send(health(), 'GET', '/metrics')).status).toBe(401);
    const metrics = await send(health(), 'GET', '/metrics', { headers });
    expect(metrics.body).toContain('evercount_http_connections_cut_total');
    for (const path of ['/v1/counters', '/', '/livez/', '//livez', '/metrics/../v1/counters']) {
      const answer = await send(health(), 'GET', path, { headers });
      expect([path, answer.status, answer.headers['content-type']]).toEqual([
        path,
        404,
        'application/problem+json; charset=utf-8',
      ]);
    }
    expect((await send(health(), 'POST', '/v1/counters/a/increment', { headers })).status).toBe(404);
    const { headers: restrained } = await send(health(), 'GET', '/nowhere');
    expect(restrained).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    });
  });

  it('which ends with the service, and until then says that it is ending', async () => {
    const own = await startApp({
      databaseUrl: await createTestDatabase(),
      redisUrl: service.redis.url,
      env: { HEALTH_PORT: '0' },
    });
    const busy = await open('127.0.0.1', own.url);
    // In the middle of a request: the drain waits for it.
    busy.write(
      'POST /v1/counters/a/increment HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{',
    );
    const stopped = own.stop();
    await eventually(async () => (await send(own.healthUrl ?? '', 'GET', '/readyz')).status === 503);
    busy.write('}');
    await stopped;
    await expect(send(own.healthUrl ?? '', 'GET', '/readyz')).rejects.toThrow();
  });
});
