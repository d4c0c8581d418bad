/** Random bytes, cut anywhere: they never end the process, never change a count, and never cost memory. */
import { expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { command, connectRaw } from '../support/resp.js';
import { withServiceProcess } from '../support/service.js';
import { Random } from '../torture/random.js';

const SEED = Number(process.env['RESP_FUZZ_SEED'] ?? Date.now() % 1_000_000);
const CONNECTIONS = 200;
const MORE_MEMORY_BYTES = 300_000_000;

const service = withServiceProcess({ env: { RESP_PORT: '0' } });

const memoryOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024;
};

it(`holds against random bytes (RESP_FUZZ_SEED=${SEED})`, async () => {
  const random = new Random(SEED);
  const upTo = (end: number): number => random.whole(0, end);
  const client = new Redis(service.app.respPort);
  await client.set('kept', 42);
  const before = await memoryOf(service.app.pid);
  const pieces = [
    () => Buffer.from(Array.from({ length: upTo(200) }, () => upTo(256))),
    () => Buffer.from(command('get', 'kept')),
    () => Buffer.from(command('mget', ...Array.from({ length: upTo(1_500) }, (_, index) => `name:${index}`))),
    () => Buffer.from(command('echo', 'x'.repeat(upTo(3_000)))),
    () => Buffer.from(`*${upTo(2_000_000) - 5}\r\n`),
    () => Buffer.from(`$${upTo(100_000_000) - 5}\r\n`),
    () => Buffer.from(`*${upTo(5)}\r\n$${upTo(6)}\r\n`),
    () =>
      Buffer.from(
        ['multi\r\n', 'exec\r\n', 'watch kept\r\n', 'hello 3\r\n', 'client list\r\n', 'once a\r\n'][upTo(6)] ?? '',
      ),
    () => Buffer.from('\r\n'.repeat(upTo(50))),
  ];
  for (let connection = 0; connection < CONNECTIONS; connection += 1) {
    const raw = await connectRaw(service.app.respPort);
    // Whatever the server thinks of it, it may hang up at any time.
    raw.socket.on('error', () => undefined);
    const parts = Array.from({ length: 1 + upTo(30) }, () => pieces[upTo(pieces.length)]?.() ?? Buffer.alloc(0));
    const bytes = Buffer.concat(parts);
    for (let from = 0; from < bytes.length && !raw.isClosed();) {
      const to = Math.min(bytes.length, from + 1 + upTo(400));
      raw.send(bytes.subarray(from, to));
      from = to;
      if (upTo(4) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    if (upTo(2) === 0) raw.close();
    else raw.socket.end();
  }
  expect(await client.get('kept')).toBe('42');
  expect(await client.dbsize()).toBe(1);
  expect((await memoryOf(service.app.pid)) - before).toBeLessThan(MORE_MEMORY_BYTES);
  client.disconnect();
});
