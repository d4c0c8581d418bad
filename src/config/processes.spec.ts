/** What a worker may hold is its share of what the service may. */
import { expect, it } from '@jest/globals';
import { loadConfig } from './config.js';
import { configOfWorker, connectionsOf } from './processes.js';

const load = (environment: NodeJS.ProcessEnv) =>
  loadConfig({ DATABASE_URL: 'postgres://db/counts', REDIS_URL: 'redis://cache', ...environment }, () =>
    Promise.reject(new Error('has servers')),
  );

it('all of them together have no more than the service, but for what does not divide', async () => {
  const config = await load({ WORKERS: '4', CONNECTIONS_PER_ADDRESS: '6', DATABASE_POOL_SIZE: '20' });
  expect(config.process).toEqual({ workers: 4, role: 'committer' });
  const { process, http, resp, database } = configOfWorker(config);
  expect(process).toEqual({ workers: 4, role: 'worker' });
  expect([http.maxConnections, http.connectionsPerAddress, resp.maxConnections]).toEqual([2_500, 2, 2_500]);
  expect(database).toMatchObject({ readsPerSecond: 5_000, migrateOnStart: false, poolSize: 6, lanes: 1 });
  expect(connectionsOf(config)).toBe(20 + 4 * 6);
});

it('one process has all, and is alone', async () => {
  const config = await load({ WORKERS: '1' });
  expect(config.process).toEqual({ workers: 1, role: 'alone' });
  expect(connectionsOf(config)).toBe(10);
});
