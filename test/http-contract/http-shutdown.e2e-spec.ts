import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { DRAIN_MS } from '../../src/web/connections/drain.js';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { SERVER_CERTIFICATE, SERVER_KEY } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { incrementUntilClosed } from '../support/increment-until-closed.js';
import { itOnNode } from '../support/on-bun.js';
import { commandOf } from '../support/runtime.js';
import { withServers } from '../support/service.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const servers = withServers({ ownPostgres: true });

const start = () => startAppProcess(servers.urls);

/**
 * Sends SIGTERM; expects an end in order, and answers how long it took. One that takes longer than an orchestrator waits
 * ends with code 1 by itself.
 */
async function expectOrderlyEnd(app: AppProcess): Promise<number> {
  const begin = performance.now();
  app.signal('SIGTERM');
  expect({ ...(await app.exited), log: app.log().at(-1)?.msg }).toEqual({ code: 0, signal: null, log: 'shut down' });
  return performance.now() - begin;
}

describe('SIGTERM', () => {
  it('under load loses no accepted write and resets no connection', async () => {
    const app = await start();
    const clients = Array.from({ length: 64 }, () => incrementUntilClosed(app.url, 'load'));
    await eventually(async () => {
      const { body } = await send(app.url, 'GET', '/v1/counters/load');
      return (JSON.parse(body) as { value?: number }).value !== undefined;
    });
    await expectOrderlyEnd(app);
    const results = await Promise.all(clients);
    expect(results.flatMap(({ errors }) => errors)).toEqual([]);
    const acknowledged = results.reduce((sum, result) => sum + result.acknowledged, 0);

    const next = await start();
    const { body } = await send(next.url, 'GET', '/v1/counters/load');
    expect(JSON.parse(body)).toMatchObject({ value: acknowledged });
    await next.stop();
  });

  it('makes the service unready at once, on connections that are still open', async () => {
    const app = await start();
    const { hostname, port } = new URL(app.url);
    const socket: Socket = connect({ host: hostname, port: Number(port) });
    const ask = async () => {
      socket.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return answer.toString();
    };
    await eventually(async () => (await ask()).startsWith('HTTP/1.1 200 '));
    app.signal('SIGTERM');
    await eventually(() => app.log().some(({ msg }) => msg === 'shutting down'));
    const answer = await ask();
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toContain('"code":"unavailable"');
    expect(await app.exited).toEqual({ code: 0, signal: null });
  });

  it('twice, and SIGINT beside it, ends in order as one does', async () => {
    const app = await start();
    app.signal('SIGINT');
    app.signal('SIGTERM');
    await expectOrderlyEnd(app);
  });

  itOnNode('ends in time with an open connection that says nothing', async () => {
    const app = await start();
    const { hostname, port } = new URL(app.url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    const end = once(socket, 'close');
    socket.resume();
    expect(await expectOrderlyEnd(app)).toBeLessThan(DRAIN_MS);
    await end;
  });

  it('ends in time while Redis is frozen, and while it is away', async () => {
    const frozen = await start();
    await servers.redis.freeze();
    await expectOrderlyEnd(frozen);
    await servers.redis.thaw();

    const app = await start();
    await servers.redis.kill();
    await expectOrderlyEnd(app);
    await servers.redis.restart();
  });

  it('ends in time while Postgres is frozen, and while it is away', async () => {
    const frozen = await start();
    await servers.postgres.freeze();
    await expectOrderlyEnd(frozen);
    await servers.postgres.thaw();

    const app = await start();
    await servers.postgres.kill();
    await expectOrderlyEnd(app);
    await servers.postgres.restart();
  });
});

describe('a start', () => {
  it('says where the service is and what to try, and the line works as it is', async () => {
    const env = { RESP_PORT: '0', RESP_TLS_CERT_FILE: SERVER_CERTIFICATE, RESP_TLS_KEY_FILE: SERVER_KEY };
    const app = await startAppProcess({ ...servers.urls, env });
    const lineOf = (program: string) => app.output.find((text) => text.includes(program))?.trim();
    expect(lineOf('curl')).toBe(`curl -X POST ${app.url}/v1/counters/hello/increment`);
    expect(lineOf('redis-cli')).toBe(`redis-cli --tls -h 127.0.0.1 -p ${app.respPort} incr hello`);
    expect(app.log().find(({ msg }) => msg === 'listening')).toMatchObject({ url: app.url });
    await app.stop();
  });

  it('with a faulty configuration ends with code 78 and a message that names every fault', async () => {
    const [program, ...args] = commandOf();
    const child = spawn(program, [...args, MAIN], {
      env: { PORT: '70000', DATABASE_URL: 'postgres://a/b', LOG_LEVEL: 'loud' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(78);
    const message = Buffer.concat(chunks).toString();
    for (const variable of ['PORT', 'REDIS_URL', 'LOG_LEVEL']) expect(message).toContain(variable);
  });

  it('that is stopped while it waits for Postgres ends at once, with code 0', async () => {
    const [program, ...args] = commandOf();
    const child = spawn(program, [...args, MAIN], {
      env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', REDIS_URL: servers.redis.url, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // The first line of the log: from then on signals are seen.
    await once(child.stdout, 'data');
    child.stdout.resume();
    const begin = performance.now();
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(performance.now() - begin).toBeLessThan(DRAIN_MS);
  });
});
