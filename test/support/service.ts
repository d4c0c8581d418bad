/**
 * What most tests stand on, brought up before them and ended after them: `withRedis` a Redis of their own; `withService`
 * that, a database and the service in this process; `withServiceProcess` the same with the service as a process of its
 * own. What they hand out is there once the tests run.
 */
import { afterAll, beforeAll } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { type AppOptions, type AppProcess, startApp, startAppProcess, type TestApp } from './app.js';
import { CounterCalls } from './counter-calls.js';
import { type RedisOptions, startPostgres, startRedis, type TestPostgres, type TestRedis } from './servers.js';
import { createTestDatabase } from './shared-postgres.js';

/** @typeParam App what can be done to the service */
export interface Service<App> {
  readonly redis: TestRedis;
  /** A Postgres of its own, where that was asked for. */
  readonly postgres: TestPostgres;
  readonly databaseUrl: string;
  readonly app: App;
  readonly calls: CounterCalls;
}

export interface ServiceOptions {
  /** Variables of the environment, such as `{ CACHE_TTL_MS: '100' }`. */
  readonly env?: Readonly<Record<string, string>>;
  /** In this process: what no variable says. */
  readonly change?: (config: Config) => void;
  /** For tests that break Postgres; the others share one. */
  readonly ownPostgres?: boolean;
  /** Called before the service ends: closes what a test has opened to it. */
  readonly ending?: () => void | Promise<void>;
}

export function withService(options: ServiceOptions = {}): Service<TestApp> {
  return served(startApp, options);
}

export function withServiceProcess(options: ServiceOptions = {}): Service<AppProcess> {
  return served(startAppProcess, options);
}

interface Startable {
  readonly url: string;
  stop(): Promise<unknown>;
}

function served<App extends Startable>(
  start: (options: AppOptions) => Promise<App>,
  { env = {}, change, ownPostgres = false, ending }: ServiceOptions,
): Service<App> {
  const up: { -readonly [Part in keyof Service<App>]?: Service<App>[Part] } = {};
  const part = <Part extends keyof Service<App>>(name: Part): Service<App>[Part] => {
    const found = up[name];
    if (found === undefined) throw new Error(`${name} is not there: before the tests run, or not asked for`);
    return found;
  };
  beforeAll(async () => {
    [up.redis, up.postgres] = await Promise.all([startRedis(), ownPostgres ? startPostgres() : undefined]);
    up.databaseUrl = up.postgres?.url ?? (await createTestDatabase());
    const options = { databaseUrl: up.databaseUrl, redisUrl: up.redis.url, env };
    up.app = await start(change === undefined ? options : { ...options, change });
    up.calls = new CounterCalls(up.app.url);
  });
  afterAll(async () => {
    await ending?.();
    await up.app?.stop();
    await Promise.all([up.redis?.stop(), up.postgres?.stop()]);
  });
  return {
    get redis() {
      return part('redis');
    },
    get postgres() {
      return part('postgres');
    },
    get databaseUrl() {
      return part('databaseUrl');
    },
    get app() {
      return part('app');
    },
    get calls() {
      return part('calls');
    },
  };
}

/** For tests that start services of their own. */
export function withRedis(options: RedisOptions = {}): { readonly redis: TestRedis } {
  let running: TestRedis | null = null;
  beforeAll(async () => {
    running = await startRedis(options);
  });
  afterAll(() => running?.stop());
  return {
    get redis() {
      if (running === null) throw new Error('Redis is there once the tests run');
      return running;
    },
  };
}
