/** An HTTP server in a process of its own: the service, or one of its opponents. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../test/support/eventually.js';
import { imageCommand } from '../test/support/image-command.js';
import { commandOf, environmentOf, type Runtime, TEST_RUNTIME } from '../test/support/runtime.js';

export interface Child {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Migrations included, on a busy machine. */
const READY_TIMEOUT_MS = 60_000;
/** Afterwards it is killed. */
const STOP_PATIENCE_MS = 15_000;

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RUN_TYPESCRIPT = new URL('../test/support/run-typescript.mjs', import.meta.url).href;

export type Environment = Readonly<Record<string, string>>;

/**
 * The service as it is deployed, on a free port.
 *
 * @param nodeOptions on Bun there are none
 * @param root where it was built
 * @param runtime as TEST_RUNTIME says, where it is not given
 */
export function startService(
  environment: Environment,
  nodeOptions: readonly string[] = [],
  root: string = ROOT,
  runtime: Runtime = TEST_RUNTIME,
): Promise<Child> {
  const { options, program } = imageCommand();
  const args = [...(runtime === 'node' ? [...options, ...nodeOptions] : []), join(root, program)];
  return startChild(args, { PORT: '0', ...environmentOf(runtime), ...environment }, runtime);
}

/** One of `opponents/`, with the options of Node that the service has: they make it faster, too. */
export function startOpponent(
  name: string,
  environment: Environment,
  nodeOptions: readonly string[] = [],
): Promise<Child> {
  const program = fileURLToPath(new URL(`opponents/${name}.ts`, import.meta.url));
  return startChild([...imageCommand().options, ...nodeOptions, '--import', RUN_TYPESCRIPT, program], environment);
}

/** An edge as it is run in a shop, on a free port. */
export function startEdge(args: readonly string[]): Promise<Child> {
  return startChild([join(ROOT, 'dist/edge/main.js'), '--port', '0', ...args], { LOG_LEVEL: 'error' });
}

/** Runs Node, or Bun; settles when it says `ready at <url>`. It dies with this process. */
function startChild(args: readonly string[], environment: Environment, runtime: Runtime = 'node'): Promise<Child> {
  const [program, ...before] = commandOf(runtime);
  return startProgram(program, [...before, ...args], { NODE_ENV: 'production', ...environment }, null);
}

/**
 * Runs a program; it dies with this process.
 *
 * @param answersAt settles when it answers there; null: when it says `ready at <url>`
 */
export async function startProgram(
  file: string,
  args: readonly string[],
  environment: Environment,
  answersAt: string | null,
): Promise<Child> {
  const env = { PATH: process.env['PATH'], ...environment };
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const exited = once(child, 'exit').finally(() => process.off('exit', killWithUs));

  const output: string[] = [];
  const ready = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        output.push(line);
        const url = /ready at (http:\S+)/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
    }
    if (answersAt !== null) void answering(answersAt).then(() => resolve(answersAt), reject);
    const fail = () => reject(new Error(`${file} ${args.join(' ')} did not get ready:\n${output.join('\n')}`));
    void exited.then(fail, reject);
    setTimeout(fail, READY_TIMEOUT_MS).unref();
  });
  return {
    url: await ready,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(killWithUs, STOP_PATIENCE_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

function answering(url: string): Promise<void> {
  return eventually(async () => (await fetch(url)).status > 0, READY_TIMEOUT_MS);
}
