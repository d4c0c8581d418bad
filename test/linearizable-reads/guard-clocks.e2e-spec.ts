/** What is blind stays blind, and nobody else does, whatever the clock of the database says. */
import { findPostgres } from '../../src/embedded/postgres-programs.js';
import { type AppProcess, startAppProcess } from '../support/app.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { newCluster, startPostgresOn, type TestPostgres } from '../support/servers.js';
import { withRedis } from '../support/service.js';
import { type PrimaryWithStandby, startPrimaryWithStandby } from '../support/standby.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const HIT = 'evercount; hit';

/** Two instances, the first of which reaches Redis through a proxy that can be cut. */
interface Pair {
  readonly toRedis: TcpProxy;
  readonly cut: AppProcess;
  readonly whole: AppProcess;
}

interface Read {
  readonly cacheStatus: string;
  readonly stale: boolean;
}

const cache = withRedis();

const startPair = async (databaseUrl: string): Promise<Pair> => {
  const toRedis = await TcpProxy.start({ host: '127.0.0.1', port: cache.redis.port });
  const around = new URL(cache.redis.url);
  around.port = String(toRedis.port);
  const cut = await startAppProcess({ databaseUrl, redisUrl: around.href });
  const whole = await startAppProcess({ databaseUrl, redisUrl: cache.redis.url });
  return { toRedis, cut, whole };
};

const stopPair = async ({ toRedis, cut, whole }: Pair): Promise<void> => {
  await Promise.all([cut.stop(), whole.stop()]);
  await toRedis.close();
};

const untilHit = (calls: CounterCalls, name: string): Promise<void> =>
  eventually(async () => (await calls.read(name)).headers.get('cache-status') === HIT);

/** Writes at the first and reads at the second right after each answer, until told to end. */
const passOn = ({ cut, whole }: Pair, name: string): { readonly reads: Read[]; end(): Promise<Read[]> } => {
  const [from, to] = [new CounterCalls(cut.url), new CounterCalls(whole.url)];
  const reads: Read[] = [];
  const stop = new AbortController();
  const running = (async () => {
    while (!stop.signal.aborted) {
      const written = await from.increment(name);
      if (written.status !== 200) continue;
      const read = await to.read(name);
      if (read.status !== 200) continue;
      const cacheStatus = read.headers.get('cache-status') ?? '';
      reads.push({ cacheStatus, stale: read.body.version < written.body.version });
    }
    return reads;
  })();
  const end = (): Promise<Read[]> => {
    stop.abort();
    return running;
  };
  return { reads, end };
};

/** Cuts the first one off, and settles when it answers without having published. */
const goBlind = async ({ toRedis }: Pair, load: { readonly reads: Read[] }): Promise<void> => {
  await toRedis.setMode({ kind: 'refuse' });
  const before = load.reads.length;
  await eventually(() => load.reads.length > before + 10);
};

describe('a standby whose clock is ahead by 20 s takes over in a moment, while an instance is cut off from Redis', () => {
  let servers: PrimaryWithStandby;
  let toPostgres: TcpProxy;
  let pair: Pair;

  beforeAll(async () => {
    servers = await startPrimaryWithStandby({ synchronous: true, clock: await FakeClock.off('+20s') });
    const { primary } = servers;
    toPostgres = await TcpProxy.start({ host: '127.0.0.1', port: primary.port });
    const around = new URL(await primary.createDatabase('evercount'));
    around.port = String(toPostgres.port);
    pair = await startPair(around.href);
  });

  afterAll(async () => {
    await stopPair(pair);
    await toPostgres.close();
    const pid = servers.standby.pid();
    await servers.stop();
    await FakeClock.sweep(pid);
  });

  it('nothing old is read, then and until the next hit', async () => {
    const name = 'failover';
    const load = passOn(pair, name);
    await untilHit(new CounterCalls(pair.whole.url), name);
    await goBlind(pair, load);

    await servers.primary.kill();
    await servers.standby.promote();
    toPostgres.retarget({ host: '127.0.0.1', port: servers.standby.port });
    const before = load.reads.length;
    await eventually(() => load.reads.length > before + 10);
    await pair.toRedis.setMode({ kind: 'pass' });
    await eventually(() => load.reads.slice(before).some(({ cacheStatus }) => cacheStatus === HIT));
    const reads = await load.end();
    expect(reads.filter(({ stale }) => stale)).toEqual([]);
  });
});

describe('the clock of a database jumps', () => {
  let clock: FakeClock;
  let postgres: TestPostgres;
  let pair: Pair;

  beforeAll(async () => {
    clock = await FakeClock.off('+0s');
    postgres = await startPostgresOn(await newCluster(await clock.around(findPostgres(null))), []);
    pair = await startPair(postgres.url);
  });

  afterAll(async () => {
    await stopPair(pair);
    const pid = postgres.pid();
    await postgres.stop();
    await FakeClock.sweep(pid);
  });

  it('ahead, while an instance is cut off from Redis: nothing old is read', async () => {
    const name = 'ahead';
    const load = passOn(pair, name);
    await untilHit(new CounterCalls(pair.whole.url), name);
    await goBlind(pair, load);

    await clock.set('+20s');
    const before = load.reads.length;
    await eventually(() => load.reads.length > before + 100);
    await pair.toRedis.setMode({ kind: 'pass' });
    await eventually(() => load.reads.slice(before).some(({ cacheStatus }) => cacheStatus === HIT));
    const reads = await load.end();
    expect(reads.filter(({ stale }) => stale)).toEqual([]);
    expect(pair.whole.log().some(({ msg }) => msg?.includes('clock jumped') === true)).toBe(true);
  });

  it('back by an hour, in a blind period: nobody is blind for that hour', async () => {
    const name = 'back';
    const load = passOn(pair, name);
    await untilHit(new CounterCalls(pair.whole.url), name);
    await goBlind(pair, load);

    await clock.set('-3600s');
    await pair.toRedis.setMode({ kind: 'pass' });
    const before = load.reads.length;
    await eventually(() => load.reads.slice(before).some(({ cacheStatus }) => cacheStatus === HIT));
    const reads = await load.end();
    expect(reads.filter(({ stale }) => stale)).toEqual([]);
  });
});
