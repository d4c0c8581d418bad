/** A client that always has something on its way: what it asked for long ago is not kept. */
import { connect } from 'node:net';
import { expect } from '@jest/globals';
import { itOnNode } from '../support/on-bun.js';
import { command } from '../support/resp.js';
import { withServiceProcess } from '../support/service.js';

/** Where requests are kept until none is on its way, the process dies at a third of what is sent. */
const HEAP_MIB = 64;
const service = withServiceProcess({
  env: { RESP_PORT: '0', NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` },
});

/** No two in a row are the same, which would be kept once. */
const TEXTS = ['x', 'y'].map((letter) => letter.repeat(500));
/** It takes a commit, and what comes meanwhile waits. The answer is as long for each: the counter begins at a million. */
const REQUESTS =
  command('incr', 'endless') +
  TEXTS.map((text) => command('echo', text))
    .join('')
    .repeat(100);
const ANSWER_BYTES = `:1000001\r\n${TEXTS.map((text) => `$${text.length}\r\n${text}\r\n`)
  .join('')
  .repeat(100)}`.length;
const ON_THEIR_WAY = 5;
const ROUNDS = 500;

itOnNode('a pipeline without an end is answered in bounded memory', async () => {
  const answered = await new Promise<number>((resolve) => {
    let bytes = -'+OK\r\n'.length;
    let sent = 0;
    const socket = connect({ host: '127.0.0.1', port: service.app.respPort });
    const send = (): void => {
      while (sent < ROUNDS && sent < bytes / ANSWER_BYTES + ON_THEIR_WAY) {
        socket.write(REQUESTS);
        sent += 1;
      }
    };
    socket.on('connect', () => {
      socket.write(command('set', 'endless', 1_000_000));
      socket.once('data', send);
    });
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes === ROUNDS * ANSWER_BYTES) socket.destroy();
      else send();
    });
    // It is told by how much was answered.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(bytes / ANSWER_BYTES));
  });
  expect(answered).toBe(ROUNDS);
});
