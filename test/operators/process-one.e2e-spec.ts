/** As process 1 of a container, for which the kernel drops signals that nobody listens for. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { BUCKETS_ENVIRONMENT } from '../support/buckets.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { withServers } from '../support/service.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A process id space of its own; for root alone, and on Linux. */
const NAMESPACE = ['--pid', '--fork', '--kill-child', '--mount-proc'];
const canBeProcessOne = spawnSync('unshare', [...NAMESPACE, 'true'], { stdio: 'ignore' }).status === 0;

/** Tells when somebody begins to listen: Node's own handler, which is there before, is no help to process 1. */
const TELLING = `data:text/javascript,${encodeURIComponent(
  "process.on('newListener', (signal) => signal === 'SIGTERM' && console.log('listens'))",
)}`;

const servers = withServers({
  ownPostgres: true,
  ending: () => {
    for (const child of children) child.kill('SIGKILL');
    children = [];
  },
});
let children: ChildProcess[] = [];

interface ProcessOne {
  readonly pid: number;
  output(): string;
  /** Its exit code, after a signal; 0 only where it closed within the deadline of its own, 9 s. */
  endBy(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts the service as process 1 where that can be done, else as any process. */
async function start(databaseUrl: string): Promise<ProcessOne> {
  const [program = process.execPath, ...args] = canBeProcessOne
    ? ['unshare', ...NAMESPACE, process.execPath, '--import', TELLING, MAIN]
    : [process.execPath, '--import', TELLING, MAIN];
  const urls = { DATABASE_URL: databaseUrl, REDIS_URL: servers.redis.url };
  const env = { PATH: process.env['PATH'], ...BUCKETS_ENVIRONMENT, ...urls, PORT: '0' };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const exited = once(child, 'close') as Promise<[number | null]>;
  const parent = child.pid ?? 0;
  let pid = parent;
  if (canBeProcessOne) await eventually(() => (pid = childOf(parent)) > 0);
  return {
    pid,
    output: () => output,
    endBy: async (signal) => {
      process.kill(pid, signal);
      let code: number | null | undefined;
      void exited.then(([found]) => (code = found));
      await eventually(() => code !== undefined);
      return code ?? null;
    },
  };
}

function childOf(pid: number): number {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(first);
}

it('listens for signals before it loads the service, and ends with 0', async () => {
  const one = await start(servers.databaseUrl);
  await eventually(() => one.output().includes('listens'));
  expect(await one.endBy('SIGTERM')).toBe(0);
  expect(one.output()).not.toContain('starting');
});

it('ends with 0 while it waits for a Postgres that is away', async () => {
  const one = await start('postgres://nobody@127.0.0.1:1/nothing');
  await eventually(() => one.output().includes('starting'));
  expect(await one.endBy('SIGTERM')).toBe(0);
});

it.each(['away', 'frozen'] as const)('ends with 0 while the Postgres that it used is %s', async (how) => {
  const one = await start(servers.databaseUrl);
  const url = (): string => /ready at (http:\S+)/.exec(one.output())?.[1] ?? '';
  await eventually(() => url() !== '');
  const places = `The dashboard: ${url()}/ - all calls: ${url()}/docs - another port: the variable PORT\n`;
  await eventually(() => one.output().includes(places));
  await new CounterCalls(url()).increment('a');
  await (how === 'away' ? servers.postgres.kill() : servers.postgres.freeze());
  try {
    await eventually(() => one.output().includes('Postgres does not answer'));
    expect(await one.endBy('SIGTERM')).toBe(0);
  } finally {
    if (how === 'frozen') await servers.postgres.thaw();
    await servers.postgres.restart();
  }
});
