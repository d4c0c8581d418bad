/** A Redis that somebody else runs: it speaks TLS, asks for a password, and denies CONFIG, and perhaps INFO. */
import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type LogLine, startApp, startAppProcess } from '../support/app.js';
import { AUTHORITY, startTlsRedis } from '../support/certificates.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/servers.js';
import { createTestDatabase } from '../support/shared-postgres.js';

/** What ElastiCache and Memorystore deny to everybody. */
const DENIED = ['CONFIG', 'DEBUG', 'SHUTDOWN', 'SAVE', 'BGSAVE', 'REPLICAOF', 'SLAVEOF', 'ACL', 'MODULE', 'MIGRATE'];

const without = (commands: readonly string[]) => commands.map((command) => `rename-command ${command} ""`);

const warnings = (log: readonly LogLine[]) => log.filter(({ level }) => level === 'warn');

async function reconciles(calls: CounterCalls): Promise<void> {
  await eventually(async () => {
    const { status, body } = await calls.call<{ job?: { id: string } }>('POST', '/v1/admin/cache/reconcile');
    if (status !== 202) return false;
    const path = `/v1/admin/jobs/${body.job?.id ?? ''}`;
    await eventually(async () => {
      const seen = await calls.call<{ job: { state: string } }>('GET', path);
      return seen.body.job.state === 'completed';
    });
    return true;
  });
}

it('where CONFIG and its like are denied, over TLS, everything works, and there is nothing to complain of', async () => {
  const redis = await startTlsRedis([...without(DENIED), 'maxmemory 100mb']);
  const env = { NODE_EXTRA_CA_CERTS: AUTHORITY };
  const app = await startAppProcess({ databaseUrl: await createTestDatabase(), redisUrl: redis.url, env });
  try {
    const calls = new CounterCalls(app.url);
    expect((await calls.increment('a')).status).toBe(200);
    await eventually(async () => (await calls.read('a')).headers.get('cache-status') === 'evercount; hit');
    await reconciles(calls);
    // That a machine which is far too busy was late is nothing that Redis denied.
    const late = /timed out/;
    expect(warnings(app.log()).filter((line) => !late.test(JSON.stringify(line)))).toEqual([]);
    // Nor have ioredis or BullMQ printed anything of their own.
    expect(app.output.filter((line) => !line.startsWith('{') && !/ready at|curl|The dashboard/.test(line))).toEqual([]);
  } finally {
    await app.stop();
    await redis.stop();
  }
});

it.each([
  ['by name', without([...DENIED, 'INFO']), null],
  ['to the user', ['user managed on >password ~* &* +@all -@dangerous'], 'managed'],
])(
  'where INFO is denied too, %s, the log says so once, and all goes on without the cache',
  async (_, settings, user) => {
    const redis = await startRedis({ settings });
    const url = new URL(redis.url);
    if (user !== null) Object.assign(url, { username: user, password: 'password' });
    const app = await startApp({ databaseUrl: await createTestDatabase(), redisUrl: url.href });
    try {
      const calls = new CounterCalls(app.url);
      const told = () =>
        warnings(app.log.map((line) => JSON.parse(line) as LogLine))
          .map(({ msg, reason }) => `${msg ?? ''}, ${String(reason)}`)
          .filter((sentence) => /^(the cache is not used|the jobs' Redis)/.test(sentence))
          .sort();
      await eventually(() => told().length === 2, 20_000);
      expect(told()).toEqual([
        expect.stringMatching(/^the cache is not used.*'info'/),
        expect.stringMatching(/^the jobs' Redis does not tell its maxmemory-policy/),
      ]);
      for (const value of [1, 2, 3]) expect((await calls.increment('a')).body).toMatchObject({ value });
      const read = await calls.read('a');
      expect([read.body.value, read.headers.get('cache-status')]).toEqual([3, 'evercount; fwd=bypass']);
      await reconciles(calls);
      expect(told()).toHaveLength(2);
    } finally {
      await app.stop();
      await redis.stop();
    }
  },
);

it('a Redis that has no database of the number in the URL is not used: nothing is kept in database 0', async () => {
  const redis = await startRedis();
  const first = new Redis(redis.url);
  const app = await startApp({ databaseUrl: await createTestDatabase(), redisUrl: `${redis.url}/99` });
  try {
    const calls = new CounterCalls(app.url);
    const reasons = () => warnings(app.log.map((line) => JSON.parse(line) as LogLine)).map(({ reason }) => reason);
    await eventually(() => reasons().filter((reason) => reason === 'ERR DB index is out of range').length === 2);
    expect((await calls.increment('a')).status).toBe(200);
    expect((await calls.read('a')).headers.get('cache-status')).toBe('evercount; fwd=bypass');
    expect(await first.dbsize()).toBe(0);
  } finally {
    first.disconnect();
    await app.stop();
    await redis.stop();
  }
});
