import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { MAX_REQUESTS_PER_CONNECTION, REQUEST_TIMEOUT_MS } from '../../src/web/connections/limits.js';
import { send, sendRaw } from '../support/http.js';
import { itInside } from '../support/on-bun.js';
import { TEST_RUNTIME } from '../support/runtime.js';
import { withService } from '../support/service.js';

const service = withService({ env: { CORS_ORIGINS: 'https://example.org', TRUSTED_PROXIES: '10.0.0.0/8' } });

const add = '/v1/counters/c/increment';

/** The status and the code of an answer on a socket, with the promise that it is a problem document. */
function problemOf(answer: string): [number, unknown] {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(/\r\ncontent-type: application\/problem\+json; charset=utf-8(\r\n|$)/i);
  expect(head).toMatch(/\r\nx-request-id: \S+/i);
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
  expect(Buffer.byteLength(body)).toBe(length);
  const problem = JSON.parse(body) as { status: number; code: unknown };
  expect(head.startsWith(`HTTP/1.1 ${problem.status} `)).toBe(true);
  return [problem.status, problem.code];
}

describe('what is not HTTP as it should be is answered with a problem document:', () => {
  it.each<[string, string | Buffer, number, string]>([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'invalid_request'],
    ['TLS', Buffer.from('16030100a5010000a1', 'hex'), 400, 'invalid_request'],
    ['an unknown method', 'FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'invalid_request'],
    ['a request for a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n', 400, 'invalid_request'],
    ['a broken header', 'GET / HTTP/1.1\r\nHost: localhost\r\nb ad\r\n\r\n', 400, 'invalid_request'],
    ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid_request'],
    ['two hosts', 'GET /livez HTTP/1.1\r\nHost: a\r\nhost: a\r\nConnection: close\r\n\r\n', 400, 'invalid_request'],
    [
      'two lengths',
      `POST ${add} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}`,
      400,
      'invalid_request',
    ],
    [
      'a length and chunks',
      `POST ${add} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'invalid_request',
    ],
    [
      'headers over 8 KB',
      `GET /livez HTTP/1.1\r\nHost: localhost\r\nx: ${'x'.repeat(9000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    ['a path over 8 KB', `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431, 'headers_too_large'],
  ])('%s', async (_what, bytes, status, code) => {
    expect(problemOf(await sendRaw(service.app.url, bytes))).toEqual([status, code]);
  });

  it('a body over the limit, without a length', async () => {
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
    const head = `POST ${add} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect(problemOf(await sendRaw(service.app.url, `${head}${chunk}${chunk}0\r\n\r\n`))).toEqual([413, 'too_large']);
  });

  it('an expectation that is not known is ignored', async () => {
    const answer = await sendRaw(
      service.app.url,
      'GET /livez HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });
});

it.each([
  ['what is no HTTP', 'hello\r\n\r\n'],
  ['a request for a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n'],
  ['a broken body', `POST ${add} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n`],
])('%s behind other requests is refused behind their answers', async (_what, bytes) => {
  const name = `behind:${bytes.length}`;
  const counted = `POST /v1/counters/${name}/increment HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`;
  const answers = (await sendRaw(service.app.url, counted.repeat(3) + bytes)).split(/(?=HTTP\/1\.1 )/);
  expect(answers.map((answer) => [answer.slice(9, 12), /"value":(\d)/.exec(answer)?.[1]])).toEqual([
    ['200', '1'],
    ['200', '2'],
    ['200', '3'],
    ['400', undefined],
  ]);
});

it('a body of many megabytes is refused before it was sent, and the answer arrives', async () => {
  const answer = await send(service.app.url, 'POST', '/v1/increments', {
    body: Buffer.alloc(32 * 1024 * 1024, ' '),
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.status).toBe(413);
});

it('a request that does not arrive in time is answered 408 and its connection closed', async () => {
  const slow = [
    'GET /livez HTTP/1.1\r\nHost: localhost\r\n',
    `POST ${add} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{`,
    // Bun knows of no connection that has said nothing yet.
    ...(TEST_RUNTIME === 'bun' ? [] : ['']),
  ];
  const begin = performance.now();
  const answers = await Promise.all(slow.map((bytes) => sendRaw(service.app.url, bytes)));
  expect(performance.now() - begin).toBeLessThan(2 * REQUEST_TIMEOUT_MS);
  expect(answers.map(problemOf)).toEqual(slow.map(() => [408, 'timeout']));
});

it(`of more than ${MAX_REQUESTS_PER_CONNECTION} requests in a row none is refused, and the last answer closes the connection`, async () => {
  const [length, rest] = [1_000, 7];
  const thousand = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(length);
  const { hostname, port } = new URL(service.app.url);
  const socket = connect({ host: hostname, port: Number(port) });
  const answers = { begun: 0, good: 0, closing: 0 };
  let tail = '';
  socket.on('data', (chunk: Buffer) => {
    // A head may come in two parts; what is kept of the one before holds no whole one.
    const heads = (tail + chunk.toString('latin1')).split('HTTP/1.1 ');
    tail = heads.pop() ?? '';
    count(heads);
    tail = `HTTP/1.1 ${tail}`;
  });
  const count = (heads: readonly string[]): void => {
    for (const head of heads.filter((text) => text !== '')) {
      answers.begun += 1;
      if (head.startsWith('200 ')) answers.good += 1;
      if (/\r\nconnection: close\r\n/i.test(head)) answers.closing += 1;
    }
  };
  for (let sent = 0; sent < MAX_REQUESTS_PER_CONNECTION; sent += length) {
    if (!socket.write(thousand)) await once(socket, 'drain');
  }
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(rest));
  await once(socket, 'close');
  count([tail.slice('HTTP/1.1 '.length)]);
  // What arrived behind the last one was not begun, and its client knows.
  expect(answers).toEqual({ begun: answers.begun, good: answers.begun, closing: 1 });
  expect(answers.begun).toBeGreaterThanOrEqual(MAX_REQUESTS_PER_CONNECTION);
});

describe('a page of another origin', () => {
  const preflight = (origin: string) =>
    send(service.app.url, 'OPTIONS', add, {
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'idempotency-key' },
    });

  it('may call where the settings allow it, and read the headers of the answer', async () => {
    const allowed = await preflight('https://example.org');
    expect(allowed.status).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://example.org',
      'access-control-allow-headers': 'idempotency-key',
      'x-request-id': expect.any(String),
    });
    const answer = await send(service.app.url, 'POST', add, { headers: { origin: 'https://example.org' } });
    expect(answer.headers['access-control-expose-headers']).toContain('ETag');
  });

  it('may not where they do not', async () => {
    expect((await preflight('https://example.com')).headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('while the server is closed', () => {
  /** A connection that was used once, and is kept. */
  async function kept(): Promise<Socket> {
    const { hostname, port } = new URL(service.app.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    return socket;
  }

  itInside(
    'requests on open connections are answered and told to close, idle ones are closed, new ones refused',
    async () => {
      const [used, idle] = await Promise.all([kept(), kept()]);
      const idleEnd = once(idle, 'close');
      const stopped = service.app.stop();
      while (service.app.nest.getHttpServer().listening) await new Promise((resolve) => setImmediate(resolve));

      used.write(`POST ${add} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const [answer] = (await once(used, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer.toString()).toMatch(/\r\nconnection: close\r\n/i);
      await expect(kept()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      expect(await idleEnd).toEqual([false]);
      await stopped;
    },
  );
});
