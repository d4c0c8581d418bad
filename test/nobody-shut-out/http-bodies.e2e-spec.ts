/** No body holds up everybody: what could is refused before anything is made of it, and each is paid for by its bytes. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { eventually } from '../support/eventually.js';
import { type HttpAnswer, send } from '../support/http.js';
import { withService } from '../support/service.js';

const MEGABYTE = 1024 * 1024;

/** In turns, so that a busy machine is as busy for the one as for the other; the middle ones are compared. */
const TURNS = 5;

const ADMIN_KEY = 'an-operators-own-key-0123456789';
let key: string;

const service = withService({
  inside: true,
  env: { AUTH: 'required', ADMIN_KEY, RATE_LIMIT_PER_KEY: '10', RATE_LIMIT_PER_ADDRESS: '10000' },
});

/** Each with a key that has spent nothing yet. */
async function post(body: string, more: Record<string, string> = {}): Promise<HttpAnswer> {
  const wish = { label: 'bodies', scopes: ['read', 'write'] as const, prefix: '', expiresAt: null };
  ({ key } = await service.app.nest.get(KeyAdministration).create(wish));
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more };
  // Looked up once, so that only the body is measured.
  await send(service.app.url, 'GET', '/v1/session', { headers });
  return send(service.app.url, 'POST', '/v1/increments', { body, headers });
}

const listOf = <T>(length: number, item: (index: number) => T): T[] =>
  Array.from({ length }, (_, index) => item(index));

/** The longest batch there is, and so a body that this service takes. */
const FINE = JSON.stringify({
  increments: listOf(1_000, (index) => ({
    name: `fine/${index}/`.padEnd(255, 'x'),
    by: 1,
    idempotencyKey: `${index}/`.padEnd(255, 'y'),
  })),
});

const MEMBERS = `{${listOf(80_000, (index) => `"${index}":0`).join(',')}}`;

/** What each of them must be answered with. */
const HEAVY: readonly (readonly [what: string, body: string, status: number, code: string])[] = [
  ['80,000 members', MEMBERS, 413, 'too_large'],
  ['80,000 members in one item', `{"increments":[${MEMBERS}]}`, 413, 'too_large'],
  ['500,000 levels of lists', '['.repeat(500_000) + ']'.repeat(500_000), 400, 'invalid_request'],
  ['170,000 levels of objects', '{"a":'.repeat(170_000) + '1' + '}'.repeat(170_000), 400, 'invalid_request'],
  ['levels that never end', '[{"a":'.repeat(150_000), 400, 'invalid_request'],
  ['500,000 items', `[${'1,'.repeat(500_000)}1]`, 413, 'too_large'],
  ['300,000 empty lists', `{"names":[${'[],'.repeat(300_000)}[]]}`, 413, 'too_large'],
  ['9,000 unknown members', `{${listOf(9_000, (index) => `"${index}":0`).join(',')}}`, 400, 'invalid_request'],
  [
    '9,000 unknown members in all items',
    JSON.stringify({ increments: listOf(1_000, () => Object.fromEntries(listOf(9, (index) => [`m${index}`, 0]))) }),
    400,
    'invalid_request',
  ],
  ['a name of a megabyte', `{"increments":[{"name":"${'x'.repeat(MEGABYTE - 99)}"}]}`, 400, 'invalid_request'],
  ['a number of a megabyte', `{"increments":${'1'.repeat(MEGABYTE - 99)}}`, 400, 'invalid_request'],
  ['a megabyte of escapes', `{"increments":"${'\\u0041'.repeat(170_000)}"}`, 400, 'invalid_request'],
  ['a megabyte of spaces', `{${' '.repeat(MEGABYTE - 99)}}`, 400, 'invalid_request'],
];

const middleOf = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1] ?? NaN;

describe('a body of a megabyte holds up the others no longer than one that is fine:', () => {
  it.each(HEAVY)('%s', async (_what, body, status, code) => {
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MEGABYTE);
    const [fineMs, heavyMs]: [number[], number[]] = [[], []];
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const [sent, times] of [
        [FINE, fineMs],
        [body, heavyMs],
      ] as const) {
        const begin = performance.now();
        const answer = await post(sent);
        times.push(performance.now() - begin);
        // A machine that is far too busy may commit it late.
        if (sent === FINE) expect([200, 503]).toContain(answer.status);
        else expect([answer.status, (JSON.parse(answer.body) as { code: string }).code]).toEqual([status, code]);
      }
    }
    expect(middleOf(heavyMs)).toBeLessThan(middleOf(fineMs));
  });
});

it('of many faults ten are told', async () => {
  const answer = await post(JSON.stringify({ increments: listOf(1_000, () => ({ name: '', by: 0, x: 1 })) }));
  const { errors } = JSON.parse(answer.body) as { errors: unknown[] };
  expect([answer.status, errors.length]).toEqual([400, 10]);
});

describe('a key pays for the bytes it brings,', () => {
  const leftOf = (answer: HttpAnswer): number => Number(/r=(\d+)/.exec(answer.headers['ratelimit'] ?? '')?.[1]);
  const leftAfter = async (body: string, more: Record<string, string> = {}): Promise<number> => {
    await post(body, more);
    return leftOf(await send(service.app.url, 'GET', '/v1/session', { headers: { authorization: `Bearer ${key}` } }));
  };

  it.each([
    ['a batch', FINE],
    ['what is no JSON', `{${'x'.repeat(MEGABYTE - 99)}`],
    ['what has too many members', MEMBERS],
  ])('%s', async (_what, body) => {
    const little = await leftAfter('{"increments":[{"name":"little"}]}');
    // More than all it had; some comes back while a busy machine looks.
    expect(little - (await leftAfter(body))).toBeGreaterThan(50);
  });

  it('also where it does not say how long it is, and is cut off', async () => {
    const little = await leftAfter('{"increments":[{"name":"little"}]}');
    const chunked = { 'transfer-encoding': 'chunked' };
    expect((await post(' '.repeat(MEGABYTE + 1), chunked)).status).toBe(413);
    expect(little - (await leftAfter(' '.repeat(MEGABYTE + 1), chunked))).toBeGreaterThan(50);
    // Of what is too long by its own account, nothing is read.
    expect(little - (await leftAfter(' '.repeat(MEGABYTE + 1)))).toBeLessThan(10);
  });
});

describe('no log is filled by who hangs up', () => {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };

  async function open(): Promise<number> {
    const { body } = await send(service.app.url, 'GET', '/metrics', { headers });
    return Number(/^evercount_http_connections_open (\d+)$/m.exec(body)?.[1]);
  }

  async function connected(): Promise<Socket> {
    const { hostname, port } = new URL(service.app.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return socket;
  }

  const failures = () => service.app.log.filter((line) => line.includes('a request failed'));

  it('in the middle of a body', async () => {
    const before = await open();
    const socket = await connected();
    const head = ['POST /v1/increments HTTP/1.1', 'Host: localhost', `Authorization: ${headers.authorization}`];
    socket.write([...head, 'Content-Type: application/json', 'Content-Length: 100', '', '{"incr'].join('\r\n'));
    await eventually(async () => (await open()) === before + 1);
    socket.destroy();
    await eventually(async () => (await open()) === before);
    expect(failures()).toEqual([]);
  });

  it.each([
    ['with a key', `Authorization: ${headers.authorization}\r\n`],
    ['without one', ''],
  ])('before anybody looked, %s: it has no address any more', async (_what, authorization) => {
    const before = await open();
    hangUpUnseen(`GET /v1/counters/a HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\n`);
    await eventually(async () => (await open()) === before);
    expect(failures()).toEqual([]);
    expect((await send(service.app.url, 'GET', '/livez')).status).toBe(200);
  });
});

/** In a thread of its own: asks, hangs up, and says when it has. */
const HANGS_UP = `
  const { workerData: { hostname, port, request, done } } = require('node:worker_threads');
  const socket = require('node:net').connect(port, hostname);
  socket.write(request, () => {
    socket.resetAndDestroy();
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  });
`;

/** While the service, which is in this process, stands still. */
function hangUpUnseen(request: string): void {
  const { hostname, port } = new URL(service.app.url);
  const done = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  new Worker(HANGS_UP, { eval: true, workerData: { hostname, port: Number(port), request, done } });
  Atomics.wait(done, 0, 0);
}
