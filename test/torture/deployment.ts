/**
 * The service under torture: Postgres, Redis and three instances, each with a wire of its own to either of them. Or two
 * instances, where Postgres is a cluster that fails over: one goes through its proxy, one finds the primary itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type AppProcess, type Exit, startAppProcess } from '../support/app.js';
import { PatroniCluster } from '../support/patroni.js';
import { startPostgres, type TestPostgres } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { type RedisGround, type RedisKind, startGround, stopGround, Wires } from './ground.js';

export const INSTANCES = 3;

/** Entries of some instances live so short that they expire under the readers' hands. */
export const SHORT_LIFE_MS = 100;

/** Often enough that entries are compared with the truth in the middle of every fault. */
const RECONCILE_INTERVAL_MS = 2_000;

/** Requests that had to be refused, as the log tells it. */
const OUTAGE = /"code":"(unavailable|outcome_unknown)"/;

/** What is printed for whoever started it by hand. */
const GREETING = /^evercount is ready|^ {2}(curl|redis-cli)|^The dashboard: /;

/** A start may meet a Postgres that is being restarted; it is then tried again, as an orchestrator would. */
const START_TRIES = 5;
const START_PAUSE_MS = 500;

/** What an instance runs: arguments for Node; undefined is the built service. */
export type Program = readonly string[] | undefined;

type Environment = Readonly<Record<string, string>>;

/** One process of the service, and what can be done to it. */
export class Instance {
  /** Starts that failed, with what the process said. */
  readonly failedStarts: string[] = [];
  private process: AppProcess | null = null;
  private ttlMs: number | null = null;
  private readonly past: AppProcess[] = [];

  constructor(
    readonly index: number,
    readonly toRedis: Wires,
    /** null: it goes to a cluster, over no wire of its own. */
    readonly toPostgres: TcpProxy | null,
    private readonly place: {
      readonly databaseUrl: string;
      readonly redisUrl: string;
      readonly env: Readonly<Record<string, string>>;
    },
    private readonly programs: readonly Program[],
  ) {}

  /** Where it listens; null while it does not run. */
  get url(): string | null {
    return this.process?.url ?? null;
  }

  /** Where it speaks the Redis protocol; null while it does not run, or where its version does not. */
  get respPort(): number | null {
    const port = this.process?.respPort ?? 0;
    return port === 0 ? null : port;
  }

  /** Whether it is the built service, whenever it is started. */
  get isOfThisVersion(): boolean {
    return this.programs.every((program) => program === undefined);
  }

  /** Whether the entries it stores live so short that a reader may never meet one. */
  get isShortLived(): boolean {
    return this.ttlMs === SHORT_LIFE_MS;
  }

  /** @param ttlMs the life of the entries it stores; null: the default */
  async start(ttlMs: number | null): Promise<void> {
    this.ttlMs = ttlMs;
    const program = this.programs[(this.index + this.past.length) % this.programs.length];
    const options = {
      ...this.place,
      env: {
        ...this.place.env,
        RECONCILE_INTERVAL_MS: String(RECONCILE_INTERVAL_MS),
        NODE_OPTIONS: '--trace-warnings',
        RESP_PORT: '0',
        ...(ttlMs === null ? {} : { CACHE_TTL_MS: String(ttlMs) }),
      },
      ...(program === undefined ? {} : { program }),
    };
    for (let left = START_TRIES; ; left -= 1) {
      try {
        this.process = await startAppProcess(options);
        this.past.push(this.process);
        return;
      } catch (error) {
        this.failedStarts.push(error instanceof Error ? error.message : String(error));
        if (left === 1) throw error;
        await sleep(START_PAUSE_MS);
      }
    }
  }

  async kill(): Promise<void> {
    // Its port may be another service's a moment later: from now on nobody may call it.
    const victim = this.process;
    this.process = null;
    await victim?.kill();
  }

  /** SIGTERM; its clients go on calling until it is gone. */
  async terminate(): Promise<Exit | null> {
    const victim = this.process;
    if (victim === null) return null;
    const exit = await victim.stop();
    this.process = null;
    return exit;
  }

  async freeze(): Promise<void> {
    await this.process?.freeze();
  }

  thaw(): void {
    this.process?.thaw();
  }

  /** What its processes logged at level error or fatal, or printed outside of the log; outages are no surprise. */
  complaints(): string[] {
    return this.output().filter((line) =>
      line.startsWith('{') ? /"level":"(error|fatal)"/.test(line) && !OUTAGE.test(line) : !GREETING.test(line),
    );
  }

  /** All that its processes printed. */
  output(): string[] {
    return this.past.flatMap((process) => process.output);
  }
}

export class Deployment {
  private constructor(
    /** null: it is a cluster. */
    readonly postgres: TestPostgres | null,
    readonly cluster: PatroniCluster | null,
    readonly ground: RedisGround,
    readonly instances: readonly Instance[],
  ) {}

  /** For whoever looks at the truth, whoever serves it. */
  get databaseUrl(): string {
    const url = this.cluster?.proxyUrl ?? this.postgres?.url;
    if (url === undefined) throw new Error('there is no Postgres');
    return url;
  }

  /**
   * @param programs what each instance runs, another one at each start
   * @param environment of each instance, beside where its servers are
   */
  static async start(redis: RedisKind, programs: readonly Program[], environment: Environment): Promise<Deployment> {
    // Blows are dealt to processes by their ids; those that a container tells are other processes here.
    process.env['TEST_SERVERS'] = 'local';
    const [postgres, ground] = await Promise.all([startPostgres(), startGround(redis)]);
    const instances: Instance[] = [];
    for (let index = 0; index < INSTANCES; index += 1) {
      const toRedis = await Wires.to(ground);
      const toPostgres = await TcpProxy.start({ host: '127.0.0.1', port: postgres.port });
      const { env, ...redisPlace } = toRedis.environment(ground);
      const all = { ...env, ...environment };
      const place = { databaseUrl: through(postgres.url, toPostgres), ...redisPlace, env: all };
      instances.push(new Instance(index, toRedis, toPostgres, place, programs));
    }
    return Deployment.of(new Deployment(postgres, null, ground, instances));
  }

  /** The same on a Postgres that fails over. */
  static async startOnCluster(environment: Environment, say: (line: string) => void): Promise<Deployment> {
    process.env['TEST_SERVERS'] = 'local';
    const cluster = await PatroniCluster.start(say);
    const ground = await startGround('single');
    const instances: Instance[] = [];
    for (const databaseUrl of [cluster.proxyUrl, cluster.listUrl]) {
      const toRedis = await Wires.to(ground);
      const { env, ...redisPlace } = toRedis.environment(ground);
      const place = { databaseUrl, ...redisPlace, env: { ...env, ...environment } };
      instances.push(new Instance(instances.length, toRedis, null, place, [undefined]));
    }
    return Deployment.of(new Deployment(null, cluster, ground, instances));
  }

  private static async of(deployment: Deployment): Promise<Deployment> {
    const { instances } = deployment;
    try {
      await Promise.all(instances.map((instance, index) => instance.start(index === 0 ? SHORT_LIFE_MS : null)));
    } catch (error) {
      await deployment.stop();
      throw error;
    }
    return deployment;
  }

  /** Ends the instances in order; what they accepted is committed then, and nothing runs any more. */
  async stopInstances(): Promise<(Exit | null)[]> {
    return Promise.all(this.instances.map((instance) => instance.terminate()));
  }

  /** Ends everything; nothing is left, whatever state it is in. */
  async stop(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.kill()));
    for (const { toRedis, toPostgres } of this.instances) {
      for (const wire of [toRedis, toPostgres].filter((one) => one !== null)) {
        await wire.setMode({ kind: 'reset' });
        await wire.close();
      }
    }
    await Promise.all([this.postgres?.stop(), this.cluster?.stop(), stopGround(this.ground)]);
  }
}

function through(url: string, { port }: TcpProxy): string {
  const detour = new URL(url);
  detour.port = String(port);
  return detour.href;
}
