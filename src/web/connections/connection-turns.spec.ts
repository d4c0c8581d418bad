import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { ConnectionTurns } from './connection-turns.js';

const LIMIT = 5;
const IN_A_ROW = 20;
const turns = new ConnectionTurns(LIMIT, IN_A_ROW);
const server = fastify();
const acted: string[] = [];

beforeAll(async () => {
  server.decorateRequest('turn', 0);
  server.addHook('onRequest', (request, reply, done) => {
    const begun = turns.begin(request);
    if (begun === 'begun') done();
    else reply.hijack();
    if (begun === 'too many') request.raw.socket.destroy();
  });
  server.addHook('onSend', (request, reply, _payload, done) => {
    turns.end(request, reply);
    done();
  });
  server.get('/:id', async (request) => {
    const { id } = request.params as { id: string };
    acted.push(id);
    await new Promise((resolve) => setImmediate(resolve));
    return `answer ${id}`;
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => server.close());

const request = (id: number) => `GET /${id} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);

async function open() {
  const socket = connect({ host: '127.0.0.1', port: (server.server.address() as AddressInfo).port });
  const heard = { text: '' };
  socket.on('data', (chunk: Buffer) => (heard.text += chunk.toString()));
  await once(socket, 'connect');
  return { socket, heard, closed: once(socket, 'close') };
}

it.each([1, LIMIT - 1, LIMIT, LIMIT + 1, 4 * LIMIT])(
  'of %i requests sent at once each is answered, in order, and a connection that had its share is closed',
  async (count) => {
    const { socket, heard, closed } = await open();
    socket.write(Array.from({ length: count }, (_, index) => request(index)).join(''));
    if (count < LIMIT) {
      while (!heard.text.includes(`answer ${count - 1}`)) await once(socket, 'data');
      expect(heard.text).not.toMatch(/^connection: close/im);
      socket.destroy();
    }
    await closed;
    expect(statuses(heard.text)).toEqual(Array(count).fill('200'));
    expect([...heard.text.matchAll(/answer (\d+)/g)].map(([, id]) => Number(id))).toEqual([...Array(count).keys()]);
    expect(heard.text.match(/^connection: close/gim) ?? []).toHaveLength(count < LIMIT ? 0 : 1);
  },
);

it('of requests one after the other the last one is told to be it', async () => {
  const { socket, heard, closed } = await open();
  for (let id = 0; id < LIMIT; id += 1) {
    expect(heard.text).not.toMatch(/^connection: close/im);
    socket.write(request(id));
    while (!heard.text.includes(`answer ${id}`)) await once(socket, 'data');
  }
  await closed;
  expect(heard.text).toMatch(/^connection: close/im);
});

it('what comes behind the last answer is not acted on', async () => {
  const { socket, heard, closed } = await open();
  socket.write(Array.from({ length: LIMIT }, (_, index) => request(index)).join(''));
  socket.on('data', () => socket.writable && socket.write(request(666)));
  socket.on('error', () => undefined);
  await closed;
  // Either it came in time and was answered, or it was left alone.
  expect(acted.includes('666')).toBe(heard.text.includes('answer 666'));
});

it('whose client sends far more requests than it waits for is cut, and the rest is not acted on', async () => {
  acted.length = 0;
  const { socket, closed } = await open();
  socket.write(Array.from({ length: 10 * IN_A_ROW }, (_, id) => request(id)).join(''));
  await closed;
  expect(acted.length).toBeLessThanOrEqual(IN_A_ROW);
});
