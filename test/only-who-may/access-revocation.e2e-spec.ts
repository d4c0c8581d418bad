/** A key that is revoked commits nothing after 5 s, whatever happens to the service meanwhile. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { KeyAdministration } from '../../src/access/key-administration.js';
import { SCOPES } from '../../src/domain/scope.js';
import { ApiKeys } from '../../src/store/api-keys.js';
import { poolOf } from '../../src/store/connections.js';
import { withClient } from '../../src/store/clients.js';
import { isOutage, StoreFailure } from '../../src/store/failure.js';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withServers } from '../support/service.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** What is promised, from when the key was revoked until the last request with it begins that is committed. */
const REVOKED_WITHIN_MS = 5_000;

/** As many connections as there must be: one for the fills. */
const SMALLEST_POOL = '6';

/** A busy machine may take so long to connect; in vain it is waited for as long. */
const CONNECT_TIMEOUT_MS = 3_000;

/** Where nobody listens. */
const NOBODY = 'postgres://nobody@127.0.0.1:1/none';

const servers = withServers({
  ending: async () => {
    await app.stop();
    await pool.end();
    await proxy.close();
  },
});
let pool: pg.Pool;
let proxy: TcpProxy;
let app: AppProcess;

beforeAll(async () => {
  const { hostname: host, port } = new URL(servers.databaseUrl);
  proxy = await TcpProxy.start({ host, port: Number(port) });
  const throughProxy = new URL(servers.databaseUrl);
  throughProxy.port = String(proxy.port);
  app = await startAppProcess({
    databaseUrl: throughProxy.href,
    redisUrl: servers.redis.url,
    env: { AUTH: 'required', RATE_LIMIT: 'off', DATABASE_POOL_SIZE: SMALLEST_POOL },
  });
  pool = poolOf(servers.databaseUrl, 2);
});

const keys = () => new KeyAdministration(new ApiKeys(pool));
const made = () => keys().create({ label: 'revoked', scopes: SCOPES, prefix: '', expiresAt: null });
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const call = async (key: string, method: string, path: string) =>
  (await send(app.url, method, path, { headers: bearer(key) })).status;
const increment = (key: string, name: string) => call(key, 'POST', `/v1/counters/${name}/increment`);
const valueOf = async (name: string) =>
  (await pool.query<{ value: string }>('SELECT value FROM counters WHERE name = $1', [name])).rows[0]?.value;

/** Goes on counting with the key until it is refused; none that begins too late may be counted. */
async function countUntilRefused(key: string, revokedAtMs: number): Promise<void> {
  for (;;) {
    const beganMs = performance.now() - revokedAtMs;
    const status = await increment(key, 'revoked');
    if (status === 401) return;
    if (beganMs > REVOKED_WITHIN_MS) expect([status, Math.round(beganMs)]).toEqual([503, expect.any(Number)]);
  }
}

describe('under a flood of sign-outs with sessions that nobody has', () => {
  const unknown = () => `evercount_session=es_${Array.from({ length: 50 }, () => digit()).join('')}`;
  const digit = () => Math.floor(Math.random() * 36).toString(36);

  /** Each caller with its next one as soon as the last one is answered. */
  async function flood(callers: number, work: () => Promise<void>): Promise<Record<number, number>> {
    let over = false;
    const seen: Record<number, number> = {};
    const attack = async () => {
      while (!over) {
        const { status } = await send(app.url, 'DELETE', '/v1/session', { headers: { cookie: unknown() } });
        seen[status] = (seen[status] ?? 0) + 1;
      }
    };
    const attacks = Array.from({ length: callers }, attack);
    await work().finally(() => (over = true));
    await Promise.all(attacks);
    return seen;
  }

  beforeAll(async () => {
    // As on a disk that is slow: what deletes waits, what looks does not.
    await pool.query(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$`);
    await pool.query('CREATE TRIGGER slow BEFORE DELETE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION slow()');
  });
  afterAll(() => pool.query('DROP FUNCTION slow CASCADE'));

  it('a revoked key is refused, and others sign in and read what is not cached', async () => {
    const [revoked, other] = [await made(), await made()];
    expect(await increment(revoked.key, 'revoked')).toBe(200);
    const seen = await flood(30, async () => {
      await keys().revoke(revoked.id);
      await countUntilRefused(revoked.key, performance.now());
      // Each at the second try or so: the flood and its server share a machine, which may be far too busy.
      const signIn = () => send(app.url, 'POST', '/v1/session', { json: { key: other.key } });
      await eventually(async () => (await signIn()).status === 200);
      // A miss, with a key that was looked up a moment ago.
      await eventually(async () => (await call(other.key, 'GET', '/v1/counters/never-seen')) === 404);
      const fresh = await made();
      await eventually(async () => (await increment(fresh.key, 'others')) === 200);
    });
    // There is none any more: that is all there is to say about a session that nobody has.
    expect(seen[204]).toBeGreaterThan(0);
    expect(Object.keys(seen).filter((status) => status !== '204' && status !== '503')).toEqual([]);
  });
});

it('a revoked key is refused while reads wait for a lock, and take all connections that they have', async () => {
  const [revoked, other] = [await made(), await made()];
  expect(await call(revoked.key, 'GET', '/v1/session')).toBe(200);
  const holder = new pg.Client(servers.databaseUrl);
  await holder.connect();
  await holder.query('BEGIN; LOCK TABLE counters IN ACCESS EXCLUSIVE MODE');
  let over = false;
  const read = async (reader: number) => {
    for (let turn = 0; !over; turn += 1) await call(other.key, 'GET', `/v1/counters/missed-${reader}-${turn}`);
  };
  let latest = 0;
  const readers = Array.from({ length: 30 }, (_, reader) => read(reader));
  try {
    await eventually(async () => (await call(other.key, 'GET', '/v1/counters/missed')) === 503);
    await keys().revoke(revoked.id);
    const revokedAtMs = performance.now();
    await eventually(async () => {
      const beganMs = performance.now() - revokedAtMs;
      const status = await call(revoked.key, 'GET', '/v1/session');
      if (status === 200) latest = Math.max(latest, beganMs);
      return status === 401;
    });
  } finally {
    over = true;
    await holder.end();
    await Promise.all(readers);
  }
  expect(latest).toBeLessThan(REVOKED_WITHIN_MS);
});

it('waiting for a connection in use is no outage, and a connection that cannot be made is one', async () => {
  const [busy, away] = [
    poolOf(servers.databaseUrl, 1, { connectionTimeoutMillis: CONNECT_TIMEOUT_MS }),
    poolOf(NOBODY, 1),
  ];
  const holder = await busy.connect();
  try {
    const outageOf = (asked: pg.Pool) =>
      withClient(asked, (client) => client.query('SELECT')).then(
        () => 'none',
        (error: unknown) => (error instanceof StoreFailure ? isOutage(error) : error),
      );
    expect([await outageOf(busy), await outageOf(away)]).toEqual([false, true]);
  } finally {
    holder.release();
    await Promise.all([busy.end(), away.end()]);
  }
});

describe('while an instance cannot reach Postgres', () => {
  it('its keys go on reading, do not write, and one that is revoked meanwhile commits nothing afterwards', async () => {
    const { id, key } = await made();
    expect(await increment(key, 'apart')).toBe(200);
    await eventually(async () => {
      const read = await send(app.url, 'GET', '/v1/counters/apart', { headers: bearer(key) });
      return read.headers['cache-status'] === 'evercount; hit';
    });
    await proxy.setMode({ kind: 'silent' });
    try {
      const lostAtMs = performance.now();
      await keys().revoke(id);
      // Until nothing that was let in before can still be on its way.
      while (performance.now() - lostAtMs < REVOKED_WITHIN_MS + 3_000) {
        expect(await increment(key, 'apart')).toBe(503);
        expect(await call(key, 'GET', '/v1/counters/apart')).toBe(200);
      }
    } finally {
      await proxy.setMode({ kind: 'pass' });
    }
    // Until it hears that the key is over.
    await eventually(async () => (await increment(key, 'apart')) === 401);
    expect(await valueOf('apart')).toBe('1');
  });
});

it('a request whose body comes late is held to what its key may do by then', async () => {
  const { id, key } = await made();
  expect(await increment(key, 'late')).toBe(200);
  const { hostname, port } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port) });
  const answer = text(socket);
  const body = '{"by":1}';
  const head = ['POST /v1/counters/late/increment HTTP/1.1', 'Host: a', `Authorization: Bearer ${key}`];
  head.push('Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close');
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(body.slice(0, 1));
  // Its head was read before: the server works through what arrives in order.
  expect(await increment(key, 'late')).toBe(200);
  await keys().revoke(id);
  await eventually(async () => (await increment(key, 'late')) === 401);
  socket.write(body.slice(1));
  expect(await answer).toMatch(/^HTTP\/1\.1 401 /);
});
