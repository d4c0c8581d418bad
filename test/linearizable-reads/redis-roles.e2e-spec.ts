/** A Redis that is no primary any more is not read, whoever demoted it, and whether or not connections were ended. */
import { dataSetOf } from '../../src/cache/server-identity.js';
import { CacheGuard } from '../../src/counters/guard/cache-guard.js';
import { startApp, type TestApp } from '../support/app.js';
import { CacheHand } from '../support/cache-hand.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/servers.js';
import { createTestDatabase } from '../support/shared-postgres.js';

/** Replicas take over the data at once, instead of waiting for others that might want them too. */
const settings = ['repl-diskless-sync-delay 0'];

let primary: TestRedis;
let replica: TestRedis;
let app: TestApp;
let calls: CounterCalls;
let hands: { primary: CacheHand; replica: CacheHand };

const follow = async (hand: CacheHand, leader: TestRedis): Promise<void> => {
  await hand.redis.config('SET', 'masterauth', leader.password);
  await hand.redis.replicaof('127.0.0.1', leader.port);
};

const untilHit = (name: string): Promise<void> =>
  eventually(async () => (await calls.read(name)).headers.get('cache-status') === 'evercount; hit');

beforeAll(async () => {
  [primary, replica] = await Promise.all([startRedis({ settings }), startRedis({ settings })]);
  app = await startApp({ databaseUrl: await createTestDatabase(), redisUrl: primary.url, inside: true });
  calls = new CounterCalls(app.url);
  hands = { primary: new CacheHand(primary.url), replica: new CacheHand(replica.url) };
});

afterAll(async () => {
  await app.stop();
  hands.primary.close();
  hands.replica.close();
  await Promise.all([primary.stop(), replica.stop()]);
});

const holds = async (hand: CacheHand, name: string, value: string): Promise<boolean> =>
  (await hand.value(name).catch(() => null)) === value;

/** Leaves on the other server an entry that has been overtaken, and is of the primary's own identity. */
const overtake = async (name: string): Promise<string> => {
  await follow(hands.replica, primary);
  await eventually(async () => (await hands.replica.redis.info('replication')).includes('master_link_status:up'));
  await calls.increment(name);
  let older = '';
  // The first replica gives the data set another name: what was there before is foreign.
  await eventually(async () => {
    await untilHit(name);
    older = (await hands.primary.value(name)) ?? '';
    const permission = app.nest.get(CacheGuard).permission(name);
    const isOwn = permission?.dataSet === dataSetOf(await hands.primary.redis.info('replication'));
    return (
      permission !== null && isOwn && older.startsWith(`E${permission.digest}`) && holds(hands.replica, name, older)
    );
  });
  await hands.replica.redis.replicaof('NO', 'ONE');
  await calls.increment(name);
  await untilHit(name);
  return older;
};

/** The versions that are read until long after every permission from before has run out. */
const readOn = async (name: string): Promise<number[]> => {
  const versions = new Set<number>();
  for (const endsAtMs = performance.now() + 2_000; performance.now() < endsAtMs;) {
    const { status, body } = await calls.read(name);
    if (status === 200) versions.add(body.version);
  }
  return [...versions];
};

describe('a Redis is made a replica of what was its replica and lags, and keeps its clients', () => {
  it('serves none of the older entries that it takes over, which are of its own identity', async () => {
    const older = await overtake('demoted');
    await follow(hands.primary, replica);
    const versions = await readOn('demoted');
    expect(await holds(hands.primary, 'demoted', older)).toBe(true);
    expect(versions).toEqual([2]);
  });

  it('nor when it is a primary again a moment later', async () => {
    await hands.primary.redis.replicaof('NO', 'ONE');
    const older = await overtake('promoted again');
    await follow(hands.primary, replica);
    while (!(await holds(hands.primary, 'promoted again', older))) continue;
    await hands.primary.redis.replicaof('NO', 'ONE');
    expect(await readOn('promoted again')).toEqual([2]);
  });
});
