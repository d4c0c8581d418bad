/**
 * The service under test: `startApp` in this process, from the sources; `startAppProcess` as `node dist/main.js`, or on
 * Bun with TEST_RUNTIME=bun, for tests that kill it, freeze it or send it signals. Both take a free port and real servers.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { App } from '../../src/app.js';
import { createApp, listen } from '../../src/app.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { createLogger } from '../../src/logger.js';
import { BUCKETS_ENVIRONMENT } from './buckets.js';
import { eventually } from './eventually.js';
import { commandOf, environmentOf as environmentOn, type Runtime, TEST_RUNTIME } from './runtime.js';

/** The servers, and variables of the environment beside them. */
export interface AppOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Such as `{ CACHE_TTL_MS: '100' }`. */
  readonly env?: Readonly<Record<string, string>>;
  /** For a process: arguments for Node or Bun, in place of the built service. */
  readonly program?: readonly string[];
  /** For a process; absent: as TEST_RUNTIME says. */
  readonly runtime?: Runtime;
  /** For a process: what is run in place of a runtime and its program. */
  readonly command?: readonly string[];
  /** For a process: its folder. */
  readonly cwd?: string;
  /** Callers from the loopback are strangers too, as those from anywhere else. */
  readonly strangers?: boolean;
  /** The test asks for `nest` or `routes`. With TEST_RUNTIME=bun they are those of an instance beside the service. */
  readonly inside?: boolean;
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg?: string };

export interface TestApp extends App {
  readonly url: string;
  /** Of the Redis protocol; 0 without RESP_PORT. */
  readonly respPort: number;
  /** Of probes and metrics alone; null without HEALTH_PORT. */
  readonly healthUrl: string | null;
  /** What was logged so far, as it was written. */
  readonly log: readonly string[];
  /** Also for one that was stopped. */
  stop(): Promise<void>;
}

const environmentOf = ({ databaseUrl, redisUrl, env = {} }: AppOptions) => ({
  DATABASE_URL: databaseUrl,
  REDIS_URL: redisUrl,
  PORT: '0',
  ...BUCKETS_ENVIRONMENT,
  ...env,
});

/** Starts the service in this process; with TEST_RUNTIME=bun in one of its own. */
export async function startApp(options: AppOptions): Promise<TestApp> {
  if (TEST_RUNTIME === 'bun') {
    const app = await startAppProcess(options);
    return fromOutside(app, options.inside === true ? await create(options) : null);
  }
  const { app, config, log } = await create(options);
  await listen(app, config);
  const urlOf = (port: number) => `http://127.0.0.1:${port}`;
  const { port } = app.nest.getHttpServer().address() as AddressInfo;
  const healthPort = app.healthPort?.port ?? null;
  const healthUrl = healthPort === null ? null : urlOf(healthPort);
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= app.nest.close());
  return { ...app, url: urlOf(port), respPort: app.resp.port ?? 0, healthUrl, log, stop };
}

/** An instance in this process that does not listen yet. */
interface Created {
  readonly app: App;
  readonly config: Config;
  readonly log: string[];
}

async function create(options: AppOptions): Promise<Created> {
  const config = await loadConfig(environmentOf(options), () => Promise.reject(new Error('has servers already')));
  if (options.strangers === true) config.http.trustedNetworks = [];
  const log: string[] = [];
  const app = await createApp(config, createLogger(config.log, { write: (line) => void log.push(line) }));
  return { app, config, log };
}

/**
 * What can be seen of a service in another process; whoever asks for more of it is told that it is not there.
 *
 * @param beside an instance in this process that serves nobody: what is done by it on the servers, the service sees
 */
function fromOutside(app: AppProcess, beside: Created | null): TestApp {
  const lines = (): string[] => app.output.filter((line) => line.startsWith('{'));
  const { healthPort } = listeningOf(app.output);
  const seen = {
    url: app.url,
    respPort: app.respPort,
    healthUrl: healthPort === undefined ? null : `http://127.0.0.1:${healthPort}`,
    get log() {
      return [...lines(), ...(beside?.log ?? [])];
    },
    ...(beside === null ? {} : { nest: beside.app.nest, routes: beside.app.routes }),
    stop: async () => {
      await Promise.all([app.stop(), beside?.app.nest.close()]);
    },
  };
  return new Proxy(seen as unknown as TestApp, {
    get: (target, name) => {
      if (name in target || name === 'then') return Reflect.get(target, name) as unknown;
      throw new Error(`"${String(name)}" of a service in another process`);
    },
  });
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface AppProcess {
  readonly url: string;
  /** Of the Redis protocol; 0 without RESP_PORT. */
  readonly respPort: number;
  readonly pid: number;
  /** Lines of stdout and stderr so far. */
  readonly output: readonly string[];
  /** Lines of the log so far. */
  log(): LogLine[];
  /** Sends a signal, and does not wait. */
  signal(signal: NodeJS.Signals): void;
  /** Settles when the process has ended. */
  readonly exited: Promise<Exit>;
  /** SIGTERM, and waits for the end; also for one that has ended, or is frozen. */
  stop(): Promise<Exit>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<Exit>;
  /** SIGSTOP: it hangs, and its connections stay open. */
  freeze(): Promise<void>;
  thaw(): void;
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const STRANGERS = fileURLToPath(new URL('strangers.mjs', import.meta.url));

/** Migrations, and eight instances starting at once on two cores that others use as well. */
const READY_TIMEOUT_MS = 120_000;

/** A test process that is killed runs no handler of its own; where util-linux is there, the kernel ends its services. */
const before =
  spawnSync('setpriv', ['--pdeathsig', 'keep', '--', 'true'], { stdio: 'ignore' }).status === 0
    ? ['setpriv', '--pdeathsig', 'SIGKILL', '--']
    : [];

/** Starts the service as a process of its own, which dies with this one; settles when it listens. */
export async function startAppProcess(options: AppOptions): Promise<AppProcess> {
  const main = options.strangers === true ? STRANGERS : MAIN;
  const command = options.command ?? [...commandOf(options.runtime), ...(options.program ?? [main])];
  const [program = '', ...args] = [...before, ...command];
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], ...environmentOn(options.runtime), ...environmentOf(options) },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const exited = exitOf(child).finally(() => process.removeListener('exit', killWithUs));
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', (line) => output.push(line));

  const url = () => output.join('\n').match(/ready at (http:\S+)/)?.[1];
  let ended = false;
  void exited.then(() => (ended = true));
  await eventually(() => ended || url() !== undefined, READY_TIMEOUT_MS).catch(() => child.kill('SIGKILL'));
  const found = url();
  if (found !== undefined) return processOf(child, found, output, exited);
  const { code } = await exited;
  throw new Error(`The service did not start (exit code ${code}):\n${output.join('\n')}`);
}

function processOf(child: ChildProcess, url: string, output: readonly string[], exited: Promise<Exit>): AppProcess {
  const { pid = 0 } = child;
  return {
    url,
    respPort: listeningOf(output).respPort ?? 0,
    pid,
    output,
    log: () => output.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine),
    signal: (signal) => child.kill(signal),
    exited,
    stop: () => {
      child.kill('SIGTERM');
      child.kill('SIGCONT');
      return exited;
    },
    kill: () => {
      child.kill('SIGKILL');
      return exited;
    },
    freeze: async () => {
      child.kill('SIGSTOP');
      await eventually(async () => (await stateOf(pid)) === 'T');
    },
    thaw: () => child.kill('SIGCONT'),
  };
}

/** The ports that a service told of. */
function listeningOf(output: readonly string[]): { readonly respPort?: number; readonly healthPort?: number } {
  const line = output.find((text) => text.includes('"msg":"listening"')) ?? '{}';
  return JSON.parse(line) as { readonly respPort?: number; readonly healthPort?: number };
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  // After its output was read to the end, unlike `exit`.
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

/** The state of a process in Linux' words: T is stopped. */
async function stateOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name before it may hold anything, parentheses included.
  return stat.slice(stat.lastIndexOf(')')).split(' ')[1];
}
