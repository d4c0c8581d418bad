/** What clients see while Redis or Postgres is away. */
import pg from 'pg';
import { withReader } from '../../src/store/clients.js';
import { eventually, promptly } from '../support/eventually.js';
import { withServiceProcess } from '../support/service.js';

/** Within this time after the loss of Redis every instance knows of it, and all go on without. */
const GRACE_MS = 2_000;

/** What was promised for answers afterwards, and for refusals while Postgres is away. */
const ANSWERED_MS = 500;
const REFUSED_MS = 3_000;

const untilHit = (name: string): Promise<void> =>
  eventually(async () => (await service.calls.read(name)).headers.get('cache-status') === 'evercount; hit');

const service = withServiceProcess({ ownPostgres: true });

describe.each([
  ['down', () => service.redis.kill(), () => service.redis.restart()],
  ['frozen', () => service.redis.freeze(), () => service.redis.thaw()],
])('while Redis is %s', (label, lose, regain) => {
  it('reads and writes from Postgres, each within 500 ms after the first 2 s', async () => {
    const name = `without Redis, ${label}`;
    await service.calls.increment(name);
    await untilHit(name);
    const lostAt = performance.now();
    await lose();
    let value = 1;
    while (performance.now() - lostAt < GRACE_MS) {
      const written = await service.calls.increment(name);
      if (written.status === 200) value += 1;
      else expect(written.body).toMatchObject({ code: 'unavailable' });
    }
    const took: number[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      const written = await service.calls.increment(name);
      value += 1;
      const read = await service.calls.read(name);
      expect([written.status, written.body.value, read.status, read.body.value]).toEqual([200, value, 200, value]);
      expect(read.headers.get('cache-status')).toBe('evercount; fwd=bypass');
      took.push(written.tookMs, read.tookMs);
    }
    // A machine whose disk is busy may be late now and then.
    expect(took.sort((a, b) => a - b)[Math.floor(0.9 * took.length)]).toBeLessThan(ANSWERED_MS);
    const ready = await service.calls.call<{ redis: string }>('GET', '/readyz');
    expect([ready.status, ready.body.redis]).toEqual([200, 'degraded']);

    await regain();
    await untilHit(name);
    expect((await service.calls.read(name)).body.value).toBe(value);
  });
});

describe('while Postgres is away', () => {
  beforeAll(async () => {
    await service.calls.increment('cached', 7);
    await service.calls.increment('not cached');
    await untilHit('cached');
    await service.postgres.kill();
    // Until a connection is known to be broken, what is sent on it may have arrived: that is told as unknown.
    await eventually(async () => (await service.calls.call('GET', '/readyz')).status === 503);
  });

  afterAll(() => service.postgres.restart());

  it('refuses writes with 503 and Retry-After within 3 s, and says that nothing was written', async () => {
    const refused = await promptly(REFUSED_MS, () => service.calls.increment('cached'));
    expect([refused.status, (refused.body as unknown as { code: string }).code]).toEqual([503, 'unavailable']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('goes on reading cached counters, marked unverified', async () => {
    await eventually(async () => {
      const { status, body, headers } = await service.calls.read('cached');
      expect([status, body.value]).toEqual([200, 7]);
      return headers.get('cache-status') === 'evercount; hit; detail=unverified';
    });
  });

  it('refuses reads of counters that are not cached with 503, not 404', async () => {
    const refused = await promptly(REFUSED_MS, () => service.calls.read('not cached'));
    expect(refused.status).toBe(503);
  });

  it('is not ready, unless asked about reads only', async () => {
    expect((await service.calls.call('GET', '/readyz')).status).toBe(503);
    expect((await service.calls.call('GET', '/readyz?degraded=ok')).status).toBe(200);
    expect((await service.calls.call('GET', '/livez')).status).toBe(200);
  });
});

it('counts on where it stood, once Postgres is back', async () => {
  await eventually(async () => {
    const { status, body } = await service.calls.increment('cached');
    if (status === 200) expect(body.value).toBe(8);
    return status === 200;
  });
});

it('a reader does not hear that the session it was given was ended while nobody used it', async () => {
  const pool = new pg.Pool({ connectionString: service.databaseUrl, max: 1 });
  try {
    await eventually(async () => {
      await pool.query('SELECT');
      let given = 0;
      const { rows } = await withReader(pool, (client) => {
        given += 1;
        return client.query(given === 1 ? 'SELECT pg_terminate_backend(pg_backend_pid())' : 'SELECT 1 AS one');
      });
      expect([given, rows]).toEqual([2, [{ one: 1 }]]);
      return true;
    });
  } finally {
    await pool.end();
  }
});
