/** What carries a server of the tests, a process of this machine or a container, with the blows it can be dealt. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, isRunning, type ProcessIdentity } from '../../src/embedded/process-identity.js';
import type { ServerProcess } from '../../src/embedded/server-process.js';

export interface ServerHost {
  /** Of the server's first process. */
  readonly pid: number;
  /** Starts it (again) and waits until it is ready. */
  start(): Promise<void>;
  /** An orderly end. */
  stop(): Promise<void>;
  /** SIGKILL to all of it at once; settles when nothing of it is left. */
  kill(): Promise<void>;
  /** SIGSTOP to all of it: it hangs, its sockets stay open. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Ends it by a signal to its first process. */
  endBy(signal: NodeJS.Signals): Promise<void>;
  /** Gives back what an ended server still holds; it cannot be started again. */
  remove(): Promise<void>;
  /** Lets this process end although the server runs; the server ends with it. */
  unref(): void;
}

/** Servers are given this long to end in order. */
const STOP_PATIENCE_MS = 10_000;
const POLL_MS = 5;

export class LocalHost implements ServerHost {
  private server: ServerProcess | null = null;

  /** @param launch starts it and waits until it is ready */
  constructor(
    private readonly launch: () => Promise<ServerProcess>,
    private readonly stopSignal: NodeJS.Signals,
  ) {}

  get pid(): number {
    return this.running().pid;
  }

  async start(): Promise<void> {
    if (this.server !== null && this.server.end === null) throw new Error('The server runs already');
    this.server = await this.launch();
  }

  stop(): Promise<void> {
    return this.endBy(this.stopSignal);
  }

  async kill(): Promise<void> {
    const server = this.running();
    if (server.end !== null) return;
    // Frozen, it can neither start nor reap children while they are counted.
    const family = stopFamily(server.pid);
    for (const { pid } of family) signalIfAlive(pid, 'SIGKILL');
    await server.ended;
    while (family.some(isRunning)) await sleep(POLL_MS);
  }

  freeze(): Promise<void> {
    stopFamily(this.running().pid);
    return Promise.resolve();
  }

  thaw(): Promise<void> {
    // Children first: the one above them must find them as it left them.
    for (const { pid } of familyOf(this.running().pid).reverse()) signalIfAlive(pid, 'SIGCONT');
    return Promise.resolve();
  }

  async endBy(signal: NodeJS.Signals): Promise<void> {
    const server = this.running();
    if (server.end === null) await this.thaw();
    await server.stop(signal, STOP_PATIENCE_MS);
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }

  unref(): void {
    this.running().unref();
  }

  private running(): ServerProcess {
    if (this.server === null) throw new Error('The server was never started');
    return this.server;
  }
}

function stopFamily(pid: number): ProcessIdentity[] {
  signalIfAlive(pid, 'SIGSTOP');
  const family = familyOf(pid);
  for (const member of family) signalIfAlive(member.pid, 'SIGSTOP');
  return family;
}

/** The process and its children (Postgres has a process for each connection), the parent first. */
export function familyOf(pid: number): ProcessIdentity[] {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = all.map((line) => line.trim().split(/\s+/).map(Number));
  const children = pairs.filter(([, parent]) => parent === pid).map(([child]) => child ?? 0);
  return [pid, ...children].map(identityOf).filter((identity) => identity !== null);
}

export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
