/**
 * The promise on Bun, in short. Where Bun is not installed it is skipped; all of the specs that start the service as a
 * process run on Bun with TEST_RUNTIME=bun.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { packageVersion } from '../../src/config/package-version.js';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { EventSource } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { seedHours, usualHours } from '../support/history.js';
import { send, sendRaw } from '../support/http.js';
import { incrementUntilClosed } from '../support/increment-until-closed.js';
import { command, connectRaw } from '../support/resp.js';
import { BUN_IS_THERE, HOW_TO_INSTALL, ONE_FILE } from '../support/runtime.js';
import { scratchFolder } from '../support/scratch.js';
import { withServers } from '../support/service.js';

const CLIENTS = 32;

/** Twenty looks, a second apart, on a machine that may be far too busy. */
const PATIENCE_MS = 150_000;

/** Of each client. */
const INCREMENTS = 20;

const [suite, title] = BUN_IS_THERE
  ? [describe, 'on Bun']
  : [describe.skip, `on Bun, which is not installed: ${HOW_TO_INSTALL}`];

suite(title, () => {
  const servers = withServers({ ending: () => app.stop() });
  let app: AppProcess;
  let calls: CounterCalls;

  const start = async (): Promise<void> => {
    const env = { RESP_PORT: '0' };
    app = await startAppProcess({ ...servers.urls, env, runtime: 'bun' });
    calls = new CounterCalls(app.url);
  };

  beforeAll(start);

  const valueOf = async (name: string): Promise<number> => (await calls.read(name, '?consistency=strong')).body.value;

  it('a counter keeps 10, then 11, then 15, while the service and the cache are restarted', async () => {
    for (let value = 1; value <= 10; value += 1) expect((await calls.increment('story')).body.value).toBe(value);
    expect(await app.stop()).toEqual({ code: 0, signal: null });
    await start();
    expect((await calls.read('story')).body.value).toBe(10);
    expect((await calls.increment('story')).body.value).toBe(11);
    await app.kill();
    const redis = new Redis(servers.redis.url);
    await redis.flushall().finally(() => redis.disconnect());
    await start();
    expect((await calls.read('story')).body.value).toBe(11);
    for (let value = 12; value <= 15; value += 1) expect((await calls.increment('story')).body.value).toBe(value);
    expect(await valueOf('story')).toBe(15);
  });

  it('each increment is answered with a value of its own, over HTTP and the Redis protocol at once', async () => {
    const byHttp = Array.from({ length: CLIENTS }, async () => {
      const values: number[] = [];
      for (let left = INCREMENTS; left > 0; left -= 1) values.push((await calls.increment('exact')).body.value);
      return values;
    });
    const byResp = Array.from({ length: CLIENTS }, async () => {
      const raw = await connectRaw(app.respPort);
      const answer = await raw.ask(command('incr', 'exact').repeat(INCREMENTS), /^(:\d+\r\n){20}$/);
      raw.close();
      return [...answer.matchAll(/:(\d+)/g)].map(([, value]) => Number(value));
    });
    const clients = await Promise.all([...byHttp, ...byResp]);
    for (const values of clients) expect(values).toEqual(values.toSorted((one, other) => one - other));
    const all = clients.flat().sort((one, other) => one - other);
    expect(all).toEqual(Array.from({ length: 2 * CLIENTS * INCREMENTS }, (_, index) => index + 1));
    expect(await valueOf('exact')).toBe(all.length);
  });

  it('whoever closed his side of a connection is answered, and whoever stops in the middle is hung up on', async () => {
    const stopped = sendRaw(
      app.url,
      'POST /v1/counters/half/increment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    const raw = await connectRaw(app.respPort);
    raw.socket.end(command('incr', 'half'));
    await eventually(() => raw.isClosed());
    expect(raw.received()).toBe(':1\r\n');
    expect((await calls.increment('half')).body.value).toBe(2);
    expect(await stopped).toMatch(/^HTTP\/1\.1 408 .*"code":"timeout"/s);
    expect(await valueOf('half')).toBe(2);
  });

  it('a client that takes nothing of its answers is cut, and one that takes them slowly is not', async () => {
    const pages = 'GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1_000);
    const { hostname, port } = new URL(app.url);
    const open = async (): Promise<Socket> => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => undefined).write(pages);
      await once(socket, 'data');
      return socket.pause();
    };
    const [deaf, slow] = await Promise.all([open(), open()]);
    const sip = setInterval(() => void slow.read(), 200);
    const stalled = /^evercount_http_connections_cut_total\{reason="stalled"\} (\d+)$/m;
    try {
      await eventually(
        async () => stalled.exec((await send(app.url, 'GET', '/metrics')).body)?.[1] === '1',
        PATIENCE_MS,
      );
      deaf.resume();
      await eventually(() => deaf.destroyed);
      expect(slow.destroyed).toBe(false);
    } finally {
      clearInterval(sip);
      for (const socket of [deaf, slow]) socket.destroy();
    }
  });

  it('an address that has its share of connections is not answered on one more', async () => {
    const env = { CONNECTIONS_PER_ADDRESS: '4' };
    const own = await startAppProcess({ ...servers.urls, env, runtime: 'bun', strangers: true });
    const ask = async () =>
      (await sendRaw(own.url, 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n').catch(() => '')) !== '';
    const answered = await Promise.all(Array.from({ length: 12 }, ask));
    expect(answered.filter(Boolean)).toHaveLength(4);
    await own.stop();
  });

  it('SIGTERM: what was accepted is answered and counted, streams are ended, and half a request is cut', async () => {
    const stream = await EventSource.open(app.url, 'name=load');
    await stream.untilSnapshot();
    const { hostname, port } = new URL(app.url);
    // Bun accepts no connection that has said nothing yet.
    const half = connect({ host: hostname, port: Number(port) }, () => half.write('GET /livez HTTP/1.1\r\n'));
    const halfEnd = once(half.resume(), 'close');
    const clients = Array.from({ length: CLIENTS }, () => incrementUntilClosed(app.url, 'load'));
    await eventually(() => (stream.statesOf('load').at(-1)?.value ?? 0) > CLIENTS);

    const before = app.log().length;
    app.signal('SIGTERM');
    expect(await app.exited).toEqual({ code: 0, signal: null });
    const results = await Promise.all(clients);
    expect(results.flatMap(({ errors }) => errors)).toEqual([]);
    await halfEnd;
    await eventually(() => stream.ended);
    const told = app.log().slice(before);
    expect(told.map(({ level, msg }) => [level, msg])).toEqual([
      ['info', 'shutting down'],
      ['info', 'shut down'],
    ]);
    const acknowledged = results.reduce((sum, result) => sum + result.acknowledged, 0);
    await start();
    expect(await valueOf('load')).toBe(acknowledged);
  });
});

suite(`one file that is service and command line, ${title}`, () => {
  const COMPILE = fileURLToPath(new URL('../../scripts/compile.mjs', import.meta.url));
  const run = promisify(execFile);
  const servers = withServers();

  it('counts, answers as the command, and brings along what it reads from files', async () => {
    await run(process.execPath, [COMPILE]);
    const folder = await scratchFolder();
    const app = await startAppProcess({ ...servers.urls, cwd: folder, command: [ONE_FILE, 'serve'] });
    try {
      const told = await run(ONE_FILE, ['incr', 'here', '5', '--url', app.url, '--output', 'json'], { cwd: folder });
      expect(JSON.parse(told.stdout)).toMatchObject({ name: 'here', value: 5 });
      // The cache, and so its scripts.
      const calls = new CounterCalls(app.url);
      await eventually(async () => (await calls.read('here')).headers.get('cache-status') === 'evercount; hit');
      const { body: page } = await send(app.url, 'GET', '/');
      const asset = /assets\/[\w.-]+\.js/.exec(page)?.[0] ?? 'none is named';
      const found = ['/', `/${asset}`, '/docs', '/docs/swagger-ui.css'].map((path) => send(app.url, 'GET', path));
      for (const { status } of await Promise.all(found)) expect(status).toBe(200);
      await seedHours(servers.databaseUrl, 'usual', usualHours(15, 200).map(Math.round));
      expect((await calls.call('GET', '/v1/counters/usual/forecast')).status).toBe(200);
      expect((await send(app.url, 'GET', '/metrics')).body).toContain(`version="${packageVersion()}"`);
    } finally {
      expect(await app.stop()).toEqual({ code: 0, signal: null });
    }
  });
});
