/** One run of a server: started in a session of its own, so that Ctrl-C in a terminal reaches the service alone. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from './command.js';
import { EmbeddedError } from './embedded-error.js';
import { identityOf } from './process-identity.js';

/** As much of a log as fits on a screen. */
const LOG_TAIL_LINES = 15;

/** How a server came to its end, in words: `exit code 1` or `SIGKILL`. */
export type Ending = string;

export interface Outlets {
  /** Takes what it prints; added to, never cut. */
  readonly logFile: string;
  /** Names the process for a later start; null: nobody will look. */
  readonly pidFile: string | null;
  /** What it reads on standard input. */
  readonly input?: string;
}

export class ServerProcess {
  /** Settles when it has ended. */
  readonly ended: Promise<Ending>;
  private ending: Ending | null = null;

  private constructor(
    private readonly child: ChildProcess,
    private readonly command: Command,
    readonly pid: number,
    private readonly log: { readonly file: string; readonly startBytes: number },
  ) {
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        process.off('exit', this.killWithUs);
        this.ending = signal ?? `exit code ${code ?? 'unknown'}`;
        resolve(this.ending);
      });
    });
    // Where the kernel does not tie the child to our life, at least an orderly exit does.
    process.on('exit', this.killWithUs);
  }

  /**
   * Starts it; it may not be ready yet.
   *
   * @throws EmbeddedError when the program cannot be run at all
   */
  static async start(command: Command, { logFile, pidFile, input }: Outlets): Promise<ServerProcess> {
    const log = openSync(logFile, 'a', 0o600);
    const startBytes = fstatSync(log).size;
    try {
      const { file, args, directory, environment, uid, gid } = command;
      const user = uid === undefined ? {} : { uid, gid };
      const options = { cwd: directory, env: environment, detached: true, ...user };
      const child = spawn(file, args, { ...options, stdio: ['pipe', log, log] });
      await new Promise((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (error) => reject(new EmbeddedError(`${file} cannot be run: ${error.message}`)));
      });
      // It may end before it has read its input; how it ended is told elsewhere.
      child.stdin?.on('error', () => undefined).end(input);
      const { pid } = child;
      if (pid === undefined) throw new EmbeddedError(`${file} was started and has no process id`);
      if (pidFile !== null) writeFileSync(pidFile, JSON.stringify(identityOf(pid)));
      return new ServerProcess(child, command, pid, { file: logFile, startBytes });
    } finally {
      closeSync(log);
    }
  }

  /** How it ended, or null while it runs. */
  get end(): Ending | null {
    return this.ending;
  }

  /** No longer keeps this process alive. */
  unref(): void {
    this.child.unref();
  }

  signal(signal: NodeJS.Signals): void {
    if (this.ending === null) this.child.kill(signal);
  }

  /** Ends it: by `signal`, and by force once `patienceMs` are over. */
  async stop(signal: NodeJS.Signals, patienceMs: number): Promise<Ending> {
    this.signal(signal);
    // A stopped process acts on nothing but this and SIGKILL.
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), patienceMs);
    const ending = await this.ended;
    clearTimeout(timer);
    await this.command.sweep();
    return ending;
  }

  /** The last lines it printed in this run. */
  lastWords(): string {
    const text = readFileSync(this.log.file).subarray(this.log.startBytes).toString();
    return text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  }

  private readonly killWithUs = (): void => this.signal('SIGKILL');
}
