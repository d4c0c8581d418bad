/** Writes with an idempotency key over the Redis protocol: counted once, whatever is killed and sent again. */
import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort } from '../../src/embedded/free-port.js';
import { send } from '../support/http.js';
import { withServiceProcess } from '../support/service.js';

const service = withServiceProcess({ env: async () => ({ RESP_PORT: String(await freePort()) }) });

describe('ONCE', () => {
  it('answers a replay as the first time, refusals too', async () => {
    const client = new Redis(service.app.respPort);
    const once = (...words: (string | number)[]): Promise<unknown> => client.call('once', ...words);
    expect(await once('a', 'incr', 'once')).toBe(1);
    expect(await client.incr('once')).toBe(2);
    expect(await once('a', 'INCR', 'once')).toBe(1);
    expect(await once('a', 'incrby', 'once', 1)).toBe(1);
    expect(await once('b', 'set', 'once', 7)).toBe('OK');
    expect(await once('c', 'getdel', 'once')).toBe('7');
    expect(await once('c', 'getdel', 'once')).toBe('7');
    expect(await once('d', 'set', 'once', 5, 'XX')).toBeNull();
    expect(await client.set('once', 1)).toBe('OK');
    expect(await once('d', 'set', 'once', 5, 'XX')).toBeNull();
    expect(await client.get('once')).toBe('1');
    await expect(once('a', 'incr', 'other')).rejects.toThrow('ERR idempotency key was used for another command');
    for (const words of [
      ['get', 'once'],
      ['del', 'once', 'two'],
      ['mset', 'once', 1],
      ['once', 'x', 'incr', 'once'],
      ['ping'],
      ['client', 'setname', 'a-name'],
    ]) {
      await expect(once('e', ...words)).rejects.toThrow(/^ERR /);
    }
    await expect(once('', 'incr', 'once')).rejects.toThrow('ERR invalid idempotency key');
    // What is refused so has done nothing.
    expect(await client.call('client', 'getname')).toBeNull();
    expect(await client.get('once')).toBe('1');
    client.disconnect();
  });

  it('shares its ids with the keys of HTTP', async () => {
    const client = new Redis(service.app.respPort);
    const headers = { 'idempotency-key': 'shared' };
    const path = '/v1/counters/shared/increment';
    const { body } = await send(service.app.url, 'POST', path, { headers, json: { by: 3 } });
    expect(JSON.parse(body)).toMatchObject({ value: 3 });
    expect(await client.call('once', 'shared', 'incrby', 'shared', 3)).toBe(3);
    expect(await client.get('shared')).toBe('3');
    client.disconnect();
  });

  it('counts once for 200 connections that send again while the service is killed', async () => {
    const [connections, writes, kills] = [200, 5, 3];
    let done = 0;
    // They send again whatever was not answered, as clients do by themselves.
    const clients = Array.from({ length: connections }, () => {
      const client = new Redis(service.app.respPort, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
      client.on('error', () => undefined);
      return client;
    });
    await Promise.all(clients.map((client) => client.ping()));
    const write = async (client: Redis, index: number): Promise<void> => {
      for (let count = 0; count < writes; count += 1) {
        for (;;) {
          try {
            await client.call('once', `client-${index}-${count}`, 'incr', 'killed');
            break;
          } catch {
            // Told that it is not known, or not now: the same again.
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
        done += 1;
      }
      client.disconnect();
    };
    const writers = Promise.all(clients.map(write));
    for (let kill = 1; kill <= kills; kill += 1) {
      while (done < (connections * writes * kill) / (kills + 1)) await new Promise((resolve) => setImmediate(resolve));
      await service.app.kill();
      await service.startAgain();
    }
    await writers;
    const client = new Redis(service.app.respPort);
    expect(await client.get('killed')).toBe(String(connections * writes));
    client.disconnect();
  });
});
