import { connect, type Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

const SLOW_CLIENTS = 1_000;

/** Every other one is slow with its head, the rest with a body. */
const BEGINNINGS = [
  'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
  'POST /v1/counters/slow/increment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n',
] as const;

/** Each sends a byte this often. */
const DRIP_MS = 1_000;

/** A tenth of it would do; the machine of the tests is busy with the slow ones, too. */
const SERVED_WITHIN_MS = 2_000;

/** As many times as long as before them: a machine that others use is slow by itself. */
const TIMES = 20;

const service = withService();

const p90Of = (tookMs: readonly number[]): number =>
  [...tookMs].sort((a, b) => a - b)[Math.floor(0.9 * tookMs.length)] ?? NaN;

it('a thousand clients that send their requests byte by byte are cut off, and hold up nobody meanwhile', async () => {
  const { port } = new URL(service.app.url);
  const calls = new CounterCalls(service.app.url);
  const aloneMs: number[] = [];
  while (aloneMs.length < 20) aloneMs.push((await calls.increment('served')).tookMs);
  const open = new Set<Socket>();
  let cut = 0;
  for (let client = 0; client < SLOW_CLIENTS; client += 1) {
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      cut += 1;
    });
    socket.resume();
    socket.write(BEGINNINGS[client % BEGINNINGS.length] ?? '');
  }
  const drip = setInterval(() => {
    for (const socket of open) socket.write('a');
  }, DRIP_MS);
  try {
    const tookMs: number[] = [];
    await eventually(async () => {
      const { status, tookMs: ms } = await calls.increment('served');
      if (status === 200) tookMs.push(ms);
      return cut === SLOW_CLIENTS;
    });
    expect(tookMs.length).toBeGreaterThan(10);
    // The very first ones wait until a thousand connections were accepted.
    expect(p90Of(tookMs)).toBeLessThan(Math.max(SERVED_WITHIN_MS, TIMES * p90Of(aloneMs)));
    expect((await calls.read('served', '?consistency=strong')).body.value).toBe(aloneMs.length + tookMs.length);
  } finally {
    clearInterval(drip);
    for (const socket of open) socket.destroy();
  }
});
