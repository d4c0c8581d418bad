/** Edges for the tests: in this process, or as `node dist/edge/main.js` for those that are killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type EdgeSettings, edgeSettings } from '../../src/config/edge.js';
import type { RunningEdge } from '../../src/edge/start.js';
import type { Exit } from './app.js';
import { CounterCalls } from './counter-calls.js';
import { holdRefusals } from './described.js';
import { eventually } from './eventually.js';
import { scratchFolder } from './scratch.js';

const MAIN = fileURLToPath(new URL('../../dist/edge/main.js', import.meta.url));

export async function settingsOf(upstream: string, more: Partial<EdgeSettings> = {}): Promise<EdgeSettings> {
  const file = join(await scratchFolder(), 'edge.db');
  return { ...edgeSettings({ EDGE_UPSTREAM: upstream, EDGE_FILE: file, PORT: '0' }), everyMs: 20, ...more };
}

export const localCalls = ({ url }: { readonly url: string }) => new CounterCalls(url, holdRefusals);

/** Waits until upstream has taken all that was counted. */
export const hasDelivered = ({ edge }: RunningEdge) =>
  eventually(() => edge.status.waiting.increments === 0 && edge.courier.contact.fault === null);

export interface EdgeProcess {
  readonly url: string;
  readonly respPort: number;
  readonly pid: number;
  /** SIGKILL, and waits for the end; answers how it came to it: it may have ended before. */
  kill(): Promise<Exit>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<Exit>;
}

/**
 * @param nodeOptions Node's own
 * @param largestFile no file that it writes may grow past so many blocks of 512 bytes
 */
export async function startEdgeProcess(
  upstream: string,
  file: string,
  nodeOptions: readonly string[] = [],
  largestFile: number | 'unlimited' = 'unlimited',
): Promise<EdgeProcess> {
  const child = spawn(
    'sh',
    [
      '-c',
      `ulimit -f ${largestFile} && exec "$@"`,
      'sh',
      process.execPath,
      ...nodeOptions,
      MAIN,
      '--upstream',
      upstream,
      '--file',
      file,
      '--port',
      '0',
      '--resp-port',
      '0',
      '--every-ms',
      '10',
    ],
    {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const exited = once(child, 'exit').finally(() => process.removeListener('exit', killWithUs));
  let url: string | undefined;
  let respPort: string | undefined;
  for await (const line of createInterface(child.stdout)) {
    url ??= /ready at (http:\S+)/.exec(line)?.[1];
    respPort ??= /redis:\S+:(\d+)/.exec(line)?.[1];
    if (url !== undefined && respPort !== undefined) break;
  }
  if (url === undefined || respPort === undefined) throw new Error('the edge did not start');
  child.stdout.resume();
  const end = async (how: NodeJS.Signals): Promise<Exit> => {
    child.kill(how);
    const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null];
    return { code, signal };
  };
  return {
    url,
    respPort: Number(respPort),
    pid: child.pid ?? 0,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}
