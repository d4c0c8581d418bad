import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Config, ConfigError, loadConfig } from './config.js';
import { serverAt, shownServers } from './redis-servers.js';

const SERVERS = { DATABASE_URL: 'postgres://localhost/counts', REDIS_URL: 'redis://localhost:6379' };

const noServers = () => Promise.reject(new Error('servers of our own were asked for'));

const load = (environment: NodeJS.ProcessEnv): Promise<Config> => loadConfig({ ...SERVERS, ...environment }, noServers);

async function faultsOf(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const outcome = await load(environment).catch((error: unknown) => error);
  if (!(outcome instanceof ConfigError)) throw new Error('nothing was at fault');
  return outcome.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

describe('the configuration', () => {
  it('opens the service to everybody on loopback alone, unless asked to twice', async () => {
    for (const HOST of ['127.0.0.1', '127.1.2.3', 'localhost', '::1']) {
      await expect(load({ HOST })).resolves.toMatchObject({ access: { auth: 'off' } });
    }
    for (const HOST of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.0.0.1.example.org']) {
      await expect(faultsOf({ HOST, AUTH: 'off' })).resolves.toEqual([
        `AUTH: got "off" on HOST "${HOST}"; takes ALLOW_INSECURE=1 beside it`,
      ]);
      await expect(load({ HOST, AUTH: 'off', ALLOW_INSECURE: '1' })).resolves.toMatchObject({ http: { host: HOST } });
    }
  });

  it('asks for keys wherever others can connect, and for a key that nobody guesses', async () => {
    await expect(load({ HOST: '0.0.0.0' })).resolves.toMatchObject({ access: { auth: 'required', rateLimit: true } });
    await expect(load({ AUTH: 'required', RATE_LIMIT: 'off' })).resolves.toMatchObject({
      access: { auth: 'required', rateLimit: false },
    });
    for (const ADMIN_KEY of ['short', 'with a space in it all']) {
      await expect(faultsOf({ ADMIN_KEY })).resolves.toEqual([
        'ADMIN_KEY: got a value that is not shown; takes an API key: 16 to 255 letters, digits and . _ ~ + / = -',
      ]);
    }
  });

  it('takes an address of IPv6 in brackets, as in URLs, for the address', async () => {
    await expect(load({ HOST: '[::1]' })).resolves.toMatchObject({ http: { host: '::1' }, access: { auth: 'off' } });
    await expect(load({ HOST: '[::]' })).resolves.toMatchObject({ http: { host: '::' }, access: { auth: 'required' } });
  });

  it('reads hosts as browsers write them', async () => {
    const given = 'Counts.Example.Org, münchen.example:8080, 10.0.0.5, ::1, [2001:DB8::0:1]:80, localhost.';
    const allowedHosts = [
      'counts.example.org',
      'xn--mnchen-3ya.example:8080',
      '10.0.0.5',
      '[::1]',
      '[2001:db8::1]:80',
      'localhost',
    ];
    await expect(load({ ALLOWED_HOSTS: given })).resolves.toMatchObject({ http: { allowedHosts } });
    for (const ALLOWED_HOSTS of ['http://example.org', 'a/b', 'user@host', 'a b', '[::g]', 'a:b', 'a:']) {
      await expect(faultsOf({ ALLOWED_HOSTS })).resolves.toEqual([
        expect.stringMatching(/^ALLOWED_HOSTS: got ".+"; takes/),
      ]);
    }
  });

  it('lets pass no receiver of webhooks that it could never reach', async () => {
    const given = 'Receiver.Internal., münchen.example, 10.0.0.0/8, fd00::/8, ::1, [::1]';
    const allowed = ['receiver.internal', 'xn--mnchen-3ya.example', '10.0.0.0/8', 'fd00::/8', '::1', '[::1]'];
    await expect(load({ WEBHOOK_ALLOW: given })).resolves.toMatchObject({ webhooks: { allowed } });
    for (const WEBHOOK_ALLOW of ['receiver.internal:8080', '[::1]:80', '10.0.0.0/33', 'http://receiver.internal']) {
      await expect(faultsOf({ WEBHOOK_ALLOW })).resolves.toEqual([
        expect.stringMatching(/^WEBHOOK_ALLOW: got ".+"; takes/),
      ]);
    }
  });

  it('names every fault at once, and repeats no secret', async () => {
    const faults = await faultsOf({ PORT: '65536', DATABASE_URL: 'mysql://root:hush@localhost/', LOG_LEVEL: 'loud' });
    expect(faults.map((fault) => fault.split(':', 1)[0])).toEqual(['PORT', 'DATABASE_URL', 'LOG_LEVEL']);
    expect(faults.join()).not.toContain('hush');
  });

  it('lets no two ports be the same, and migrates no database but the one that it serves', async () => {
    await expect(faultsOf({ PORT: '4000', RESP_PORT: '4000', HEALTH_PORT: '4000' })).resolves.toEqual([
      'HEALTH_PORT: got the port of PORT; takes another one',
      'RESP_PORT: got the port of PORT; takes another one',
    ]);
    await expect(faultsOf({ RESP_PORT: '4000', HEALTH_PORT: '4000' })).resolves.toEqual([
      'RESP_PORT: got the port of HEALTH_PORT; takes another one',
    ]);
    await expect(load({ PORT: '0', RESP_PORT: '0', HEALTH_PORT: '0' })).resolves.toBeDefined();
    const MIGRATIONS_DATABASE_URL = 'postgres://localhost/other';
    await expect(faultsOf({ DATABASE_URL: '', REDIS_URL: '', MIGRATIONS_DATABASE_URL })).resolves.toEqual([
      'DATABASE_URL: got nothing; takes a URL, since MIGRATIONS_DATABASE_URL is set',
    ]);
  });

  it('says what is wrong about several hosts of a database', async () => {
    const primary = 'target_session_attrs=read-write';
    await expect(load({ DATABASE_URL: `postgres://h1,h2:5433/counts?${primary}` })).resolves.toMatchObject({
      database: { url: `postgres://h1,h2:5433/counts?${primary}` },
    });
    await expect(
      faultsOf({ DATABASE_URL: 'postgres://h1,h2/db', MIGRATIONS_DATABASE_URL: `postgres://h1,/db?${primary}` }),
    ).resolves.toEqual([
      'DATABASE_URL: got a value that is not shown; takes ?target_session_attrs=read-write beside several hosts',
      'MIGRATIONS_DATABASE_URL: got a value that is not shown; takes between commas a host, or host:port, as in h1:5432,h2:5433',
    ]);
  });

  it('wants a direct way for migrations beside a pooler', async () => {
    const pooled = { DATABASE_URL: 'postgres://pooler/counts', DATABASE_POOLER: 'transaction' };
    await expect(faultsOf(pooled)).resolves.toEqual([
      'MIGRATIONS_DATABASE_URL: got nothing; takes a URL that leads to Postgres directly, since DATABASE_POOLER is set',
    ]);
    for (const rest of [{ MIGRATIONS_DATABASE_URL: 'postgres://direct/counts' }, { MIGRATE_ON_START: 'false' }]) {
      await expect(load({ ...pooled, ...rest })).resolves.toMatchObject({ database: { pooler: 'transaction' } });
    }
  });

  it('wants both servers or neither', async () => {
    for (const missing of ['DATABASE_URL', 'REDIS_URL']) {
      await expect(faultsOf({ [missing]: '' })).resolves.toEqual([
        `${missing}: got nothing; takes a URL, since the other one of DATABASE_URL and REDIS_URL is set`,
      ]);
    }
    const own = { databaseUrl: 'postgres://own', redisUrl: 'redis://own' };
    const respOf = async (environment: NodeJS.ProcessEnv) =>
      (await loadConfig(environment, () => Promise.resolve(own))).resp;
    expect(await respOf({})).toMatchObject({ port: 6_380, isPortAsked: false });
    expect(await respOf({ RESP_PORT: '6380' })).toMatchObject({ port: 6_380, isPortAsked: true });
    expect(await respOf({ RESP_PORT: 'off' })).toMatchObject({ port: null });
    expect((await load({})).resp).toMatchObject({ port: null });
    await expect(loadConfig({}, () => Promise.resolve(own))).resolves.toMatchObject({
      database: { url: 'postgres://own', migrationsUrl: 'postgres://own' },
      cache: { servers: { url: 'redis://own' } },
      jobs: { servers: { url: 'redis://own' } },
    });
  });

  it('wants a certificate with its own key, or neither', async () => {
    const pem = (name: string) => new URL(`../../test/support/certificates/${name}.pem`, import.meta.url).pathname;
    const [RESP_TLS_CERT_FILE, RESP_TLS_KEY_FILE] = [pem('server'), pem('server-key')];
    const half = 'got nothing; takes the other half of RESP_TLS_CERT and RESP_TLS_KEY';
    expect(await faultsOf({ RESP_TLS_CERT_FILE })).toEqual([`RESP_TLS_KEY: ${half}`]);
    expect(await faultsOf({ RESP_TLS_KEY_FILE })).toEqual([`RESP_TLS_CERT: ${half}`]);
    const [fault, ...others] = await faultsOf({ RESP_TLS_CERT_FILE: pem('authority'), RESP_TLS_KEY_FILE });
    expect([fault, others]).toEqual([
      expect.stringMatching(/^RESP_TLS_KEY: got a key that is not of RESP_TLS_CERT/),
      [],
    ]);
    const { resp } = await load({ RESP_TLS_CERT_FILE, RESP_TLS_KEY_FILE });
    expect(resp.tls?.cert).toContain('BEGIN CERTIFICATE');
  });

  it('finds a Redis by its Sentinels, where the URL names them', async () => {
    const REDIS_URL = 'rediss-sentinel://me:s%2Fx@one,[::1]:26380/main';
    const extras = { REDIS_SENTINEL_PASSWORD: 'theirs', REDIS_ADDRESS_MAP: '10.0.0.5:6379=203.0.113.5:7000' };
    const servers = {
      url: 'rediss://me:s%2Fx@one',
      cluster: null,
      sentinel: {
        hosts: [
          { host: 'one', port: 26_379 },
          { host: '::1', port: 26_380 },
        ],
        name: 'main',
        password: 'theirs',
        tls: true,
        addresses: new Map([['10.0.0.5:6379', { host: '203.0.113.5', port: 7_000 }]]),
      },
    };
    const config = await load({ REDIS_URL, ...extras });
    expect([config.cache.servers, config.jobs.servers]).toEqual([servers, servers]);
    expect(shownServers(config.cache.servers)).toBe('rediss-sentinel://me@one:26379,[::1]:26380/main');
    expect(config.log.hidden).toContain('theirs');
  });

  it('finds a cluster by some of its servers', async () => {
    const REDIS_URL = 'rediss-cluster://me:s%2Fx@one,[::1]:7000';
    const extras = { REDIS_ADDRESS_MAP: '10.0.0.5:6379=203.0.113.5:7000,[fd00::5]:6379=[::1]:7001' };
    const config = await load({ REDIS_URL, ...extras });
    expect(config.cache.servers).toEqual({
      url: 'rediss://me:s%2Fx@one',
      sentinel: null,
      cluster: {
        seeds: [
          { host: 'one', port: 6_379 },
          { host: '::1', port: 7_000 },
        ],
        // As a cluster's answer is read: see cache/cluster-map.ts.
        addresses: new Map([
          ['10.0.0.5:6379', { host: '203.0.113.5', port: 7_000 }],
          ['[fd00::5]:6379', { host: '::1', port: 7_001 }],
        ]),
      },
    });
    expect(shownServers(config.cache.servers)).toBe('rediss-cluster://me@one:6379,[::1]:7000');
    expect(serverAt(config.cache.servers, { host: '::2', port: 1 }).url).toBe('rediss://me:s%2Fx@[::2]:1');
  });

  it('has a lane for each bucket, four by itself, and one where it is not said how many buckets there are', async () => {
    const of = async (environment: NodeJS.ProcessEnv) => {
      const { database, writes } = await load(environment);
      expect(writes.lanes).toBe(database.lanes);
      return [database.buckets, database.lanes];
    };
    expect(await of({})).toEqual([null, 1]);
    expect(await of({ BUCKETS: '1' })).toEqual([1, 1]);
    expect(await of({ BUCKETS: '3' })).toEqual([3, 3]);
    expect(await of({ BUCKETS: '1024' })).toEqual([1_024, 4]);
    expect(await of({ BUCKETS: '64', WRITE_LANES: '5' })).toEqual([64, 5]);
    // A connection each, beside those for other purposes.
    expect(await of({ BUCKETS: '64', DATABASE_POOL_SIZE: '7' })).toEqual([64, 2]);
    for (const BUCKETS of ['0', '1025', '1.5', '-1', 'many']) {
      await expect(faultsOf({ BUCKETS })).resolves.toEqual([
        `BUCKETS: got "${BUCKETS}"; takes a whole number, 1 to 1024`,
      ]);
    }
  });

  it.each([
    ['REDIS_URL', 'redis-cluster://one:0', /takes at most 64 servers of the cluster/],
    ['REDIS_URL', 'redis-sentinel://one,two', /takes a redis:\/\/ or rediss:\/\/ URL, redis-sentinel:\/\//],
    ['REDIS_URL', 'redis-sentinel://one,two:0/main', /takes at most 16 Sentinels/],
    ['JOBS_REDIS_URL', 'http://one', /takes a redis:\/\//],
    ['REDIS_URL', 'redis://user:p%zz@one', /takes a URL in which each % begins a code/],
    ['REDIS_URL', 'redis-sentinel://one/%zz', /takes a URL in which each % begins a code/],
    ['REDIS_URL', 'redis://one/counts', /takes the number of a database after the host/],
    [
      'DATABASE_URL',
      'postgres://one/db?sslmode=verify-full&sslrootcert=/nowhere',
      /takes a readable file as sslrootcert/,
    ],
    ['ALLOWED_HOSTS', '*', /takes host names/],
    ['RESP_TLS_KEY', '-----BEGIN PRIVATE KEY-----', /RESP_TLS_CERT: got nothing/],
    ['REDIS_ADDRESS_MAP', '10.0.0.5=203.0.113.5', /takes addresses that Sentinel or a cluster tells/],
  ])('refuses %s=%s', async (name, value, fault) => {
    const [found] = await faultsOf({ [name]: value });
    expect(found).toMatch(fault);
  });

  it('reads any variable from a file, and does not guess between two', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'evercount-config-'));
    try {
      const REDIS_URL_FILE = join(folder, 'redis-url');
      writeFileSync(REDIS_URL_FILE, 'redis://:secret@cache:6379\n');
      await expect(load({ REDIS_URL: '', REDIS_URL_FILE })).resolves.toMatchObject({
        cache: { servers: { url: 'redis://:secret@cache:6379' } },
      });
      await expect(faultsOf({ REDIS_URL_FILE })).resolves.toEqual([
        'REDIS_URL_FILE: got a path although REDIS_URL is set too; takes one of the two',
      ]);
      const [fault] = await faultsOf({ PORT_FILE: join(folder, 'nowhere') });
      expect(fault).toMatch(/^PORT_FILE: got ".+\/nowhere", which cannot be read/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
