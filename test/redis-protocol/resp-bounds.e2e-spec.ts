/** What no client sends: it is refused in bounds, hung up on where it is no request, and changes nothing for others. */
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { command, connectRaw } from '../support/resp.js';
import { withService } from '../support/service.js';

const service = withService({ env: { RESP_PORT: '0' } });

/** What is answered until the server hangs up. */
async function untilHungUp(bytes: string | Buffer): Promise<string> {
  const raw = await connectRaw(service.app.respPort);
  raw.send(bytes);
  await eventually(() => raw.isClosed());
  return raw.received();
}

describe('the port of the Redis protocol', () => {
  it('takes what people type', async () => {
    const raw = await connectRaw(service.app.respPort);
    expect(await raw.ask('  incr  typed \r\n\r\nGET typed\n', '$1\r\n1\r\n')).toBe(':1\r\n$1\r\n1\r\n');
    expect(await raw.ask('set "typed by hand" 5\r\nget \'typed by hand\'\r\n', '5\r\n')).toBe('+OK\r\n$1\r\n5\r\n');
    raw.close();
  });

  it('answers what is given again and again as it stands then', async () => {
    const raw = await connectRaw(service.app.respPort);
    const [get, incr] = [command('get', 'again'), command('incr', 'again')];
    const given = [get, get, incr, incr, get, get, command('hello', 3), incr, incr, command('del', 'again'), get, get];
    const answer = await raw.ask(given.join(''), '_\r\n_\r\n');
    expect(answer.replace(/%7.*?(?=:3\r\n:4)/s, '%7')).toBe(
      '$-1\r\n$-1\r\n:1\r\n:2\r\n$1\r\n2\r\n$1\r\n2\r\n%7:3\r\n:4\r\n:1\r\n_\r\n_\r\n',
    );
    const inMulti = [get, command('multi'), get, get, command('exec'), get, incr].join('');
    expect(await raw.ask(inMulti, ':1\r\n')).toBe('_\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n_\r\n_\r\n_\r\n:1\r\n');
    raw.close();
  });

  it('answers who has closed his side', async () => {
    const raw = await connectRaw(service.app.respPort);
    raw.socket.end(command('incr', 'half-open'));
    await eventually(() => raw.isClosed());
    expect(raw.received()).toBe(':1\r\n');
  });

  it('hangs up on what is no request, after the answers before it', async () => {
    const fault = async (bytes: string): Promise<string> =>
      (await untilHungUp(command('ping') + bytes)).replace('+PONG\r\n', '').trim();
    expect(await fault('*x\r\n')).toBe('-ERR Protocol error: invalid multibulk length');
    expect(await fault('*99999999999\r\n')).toBe('-ERR Protocol error: invalid multibulk length');
    expect(await fault('*1\r\n$-1\r\n')).toBe('-ERR Protocol error: invalid bulk length');
    expect(await fault('*1\r\n$x\r\n')).toBe('-ERR Protocol error: invalid bulk length');
    expect(await fault('*1\r\n$999999999\r\n')).toBe('-ERR Protocol error: invalid bulk length');
    expect(await fault('*1\r\n+PING\r\n')).toBe("-ERR Protocol error: expected '$', got '+'");
    expect(await fault('echo "a\r\n')).toBe('-ERR Protocol error: unbalanced quotes in request');
    expect(await fault('x'.repeat(5_000))).toBe('-ERR Protocol error: too big inline request');
  });

  it('cuts off who sends on without an end behind it', async () => {
    for (const begin of ['*x\r\n', 'quit\r\n']) {
      // Its own side stays open although it is hung up on.
      const endless = connect({ port: service.app.respPort, host: '127.0.0.1', allowHalfOpen: true });
      let received = '';
      endless.on('data', (bytes: Buffer) => (received += bytes.toString('latin1'))).on('error', () => undefined);
      endless.write(begin);
      await eventually(() => {
        endless.write('x'.repeat(1_000));
        return endless.destroyed;
      });
      expect(received).toMatch(/^(\+OK|-ERR Protocol error: invalid multibulk length)\r\n$/);
    }
  });

  it('says nothing to HTTP, so that no page can speak to it', async () => {
    const get = 'GET /incr/http HTTP/1.1\r\nHost: counts.example\r\n\r\nINCR http\r\n';
    expect(await untilHungUp(get)).toMatch(/^(-ERR wrong number of arguments[^\r]*\r\n)?$/);
    expect(await untilHungUp('POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\nINCR http\r\n')).toBe('');
    const raw = await connectRaw(service.app.respPort);
    expect(await raw.ask(command('get', 'http'), '\r\n')).toBe('$-1\r\n');
    raw.close();
  });

  it('reads past what is too large, says so, and goes on', async () => {
    const raw = await connectRaw(service.app.respPort);
    const long = 'x'.repeat(100_000);
    const many = Array.from({ length: 2_000 }, (_, index) => `many:${index}`);
    const answer = await raw.ask(
      command('set', 'large', long) + command(long, 'large') + command('mget', ...many) + command('incr', 'large'),
      ':1\r\n',
    );
    expect(answer.split('\r\n')).toEqual([
      '-ERR an argument is too long, at most 512 bytes are taken',
      '-ERR an argument is too long, at most 512 bytes are taken',
      '-ERR too many arguments, at most 1024 are taken',
      ':1',
      '',
    ]);
    raw.close();
  });

  it('reads requests wherever they are cut', async () => {
    const raw = await connectRaw(service.app.respPort);
    raw.socket.setNoDelay(true);
    const bytes = command('incr', 'cut') + 'ping\r\n' + command('mset', 'cut:a', 1, 'cut:ü', 2) + command('get', 'cut');
    for (const byte of Buffer.from(bytes)) {
      raw.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => raw.received().endsWith('$1\r\n1\r\n'));
    expect(raw.received()).toBe(':1\r\n+PONG\r\n+OK\r\n$1\r\n1\r\n');
    raw.close();
  });

  it('answers long pipelines of who reads nothing before all is sent', async () => {
    const raw = await connectRaw(service.app.respPort);
    raw.socket.pause();
    const count = 50_000;
    raw.send(command('incr', 'long').repeat(count));
    await eventually(() => raw.socket.writableLength === 0);
    raw.socket.resume();
    await eventually(() => raw.received().endsWith(`:${count}\r\n`));
    const values = raw.received().split('\r\n').slice(0, -1);
    expect(values).toEqual(Array.from({ length: count }, (_, index) => `:${index + 1}`));
    raw.close();
  });

  it('closes who takes nothing of its answers', async () => {
    const raw = await connectRaw(service.app.respPort);
    raw.socket.pause();
    const message = command('echo', 'x'.repeat(512)).repeat(1_000);
    const sent = (async () => {
      while (!raw.isClosed()) {
        raw.send(message);
        if (raw.socket.destroyed) return;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await eventually(() => raw.isClosed() || raw.socket.destroyed);
    await sent;
  });
});
