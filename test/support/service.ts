/**
 * What most tests stand on, brought up before them and ended after them: `withRedis` a Redis of their own; `withServers`
 * that and a database; `withService` these and the service in this process; `withServiceProcess` the same with the
 * service as a process of its own. What they hand out is there once the tests run.
 */
import { afterAll, beforeAll } from '@jest/globals';
import { type AppOptions, type AppProcess, startApp, startAppProcess, type TestApp } from './app.js';
import { CounterCalls } from './counter-calls.js';
import { type RedisOptions, startPostgres, startRedis, type TestPostgres, type TestRedis } from './servers.js';
import { createTestDatabase } from './shared-postgres.js';

export interface Servers {
  readonly redis: TestRedis;
  /** A Postgres of its own, where that was asked for. */
  readonly postgres: TestPostgres;
  readonly databaseUrl: string;
  /** Where both are, for one more service. */
  readonly urls: Pick<AppOptions, 'databaseUrl' | 'redisUrl'>;
  /** The same as variables of the environment, for a command. */
  readonly variables: { readonly DATABASE_URL: string; readonly REDIS_URL: string };
}

/** @typeParam App what can be done to the service */
export interface Service<App> extends Servers {
  readonly app: App;
  readonly calls: CounterCalls;
  /** A second instance, where that was asked for. */
  readonly other: App;
  /** All instances there are. */
  readonly apps: readonly App[];
  /** Starts the service after a test has ended it: from then on `app` is the new one. */
  startAgain(): Promise<void>;
}

interface Ending {
  /** Called before anything is ended: ends what a test has started on it, and closes what it has opened to it. */
  readonly ending?: () => unknown;
}

export interface ServersOptions extends Ending {
  /** For tests that break Postgres; the others share one. */
  readonly ownPostgres?: boolean;
}

type Environment = Readonly<Record<string, string>>;

export interface ServiceOptions extends ServersOptions {
  /** Variables of the environment, such as `{ CACHE_TTL_MS: '100' }`, or what finds them out before the start. */
  readonly env?: Environment | (() => Promise<Environment>);
  /** Callers from the loopback are strangers too. */
  readonly strangers?: boolean;
  /** The test asks for `nest` or `routes` of it. */
  readonly inside?: boolean;
  /** Two instances on the same servers. */
  readonly two?: boolean;
}

export function withService(options: ServiceOptions = {}): Service<TestApp> {
  return served(startApp, options);
}

export function withServiceProcess(options: ServiceOptions = {}): Service<AppProcess> {
  return served(startAppProcess, options);
}

/** For tests that start services of their own. */
export function withServers(options: ServersOptions = {}): Servers {
  const up: Parts<Servers> = {};
  bringUp(up, options);
  return whenUp<Servers>(up);
}

/** For tests that need no database, or make many. */
export function withRedis({ ending, ...options }: RedisOptions & Ending = {}): Pick<Servers, 'redis'> {
  const up: Parts<Pick<Servers, 'redis'>> = {};
  beforeAll(async () => {
    up.redis = await startRedis(options);
  });
  afterAll(async () => {
    await ending?.();
    await up.redis?.stop();
  });
  return whenUp<Pick<Servers, 'redis'>>(up);
}

type Parts<Whole> = { -readonly [Part in keyof Whole]?: Whole[Part] };

interface Startable {
  readonly url: string;
  stop(): Promise<unknown>;
}

function served<App extends Startable>(
  start: (options: AppOptions) => Promise<App>,
  { env = {}, strangers = false, inside = false, two = false, ending, ...options }: ServiceOptions,
): Service<App> {
  const up: Parts<Service<App>> = {
    get apps() {
      return [up.app, up.other].filter((app) => app !== undefined);
    },
  };
  const service = whenUp<Service<App>>(up);
  bringUp(up, {
    ...options,
    ending: async () => {
      await ending?.();
      await Promise.all((up.apps ?? []).map((app) => app.stop()));
    },
  });
  beforeAll(async () => {
    const all = { ...service.urls, env: typeof env === 'function' ? await env() : env, strangers, inside };
    up.startAgain = async () => {
      up.app = await start(all);
      up.calls = new CounterCalls(up.app.url);
    };
    await up.startAgain();
    if (two) up.other = await start(all);
  });
  return service;
}

function bringUp(up: Parts<Servers>, { ownPostgres = false, ending }: ServersOptions): void {
  beforeAll(async () => {
    [up.redis, up.postgres] = await Promise.all([startRedis(), ownPostgres ? startPostgres() : undefined]);
    up.databaseUrl = up.postgres?.url ?? (await createTestDatabase());
    up.urls = { databaseUrl: up.databaseUrl, redisUrl: up.redis.url };
    up.variables = { DATABASE_URL: up.databaseUrl, REDIS_URL: up.redis.url };
  });
  afterAll(async () => {
    await ending?.();
    await Promise.all([up.redis?.stop(), up.postgres?.stop()]);
  });
}

/** Asking for a part that is not there is a mistake of the test. */
function whenUp<Whole extends object>(up: Partial<Whole>): Whole {
  return new Proxy(up, {
    get: (_, name) => {
      const part: unknown = Reflect.get(up, name);
      if (part === undefined) throw new Error(`${String(name)} is not there: before the tests run, or not asked for`);
      return part;
    },
  }) as Whole;
}
