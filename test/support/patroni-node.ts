/** One machine of a cluster: Patroni, the Postgres it keeps, and the blows that reach both. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandFor } from '../../src/embedded/command.js';
import { identityOf, isRunning, type ProcessIdentity } from '../../src/embedded/process-identity.js';
import { ServerProcess } from '../../src/embedded/server-process.js';
import { makeServerDirectory, serverUser } from '../../src/embedded/user.js';
import { eventually } from './eventually.js';
import { familyOf, signalIfAlive } from './server-host.js';

/** Patroni ends Postgres in order first, with a checkpoint. */
const STOP_PATIENCE_MS = 30_000;

export interface NodePlan {
  readonly name: string;
  /** Of the cluster's, which `nobody` may enter. */
  readonly folder: string;
  /** Patroni's program. */
  readonly program: string;
  readonly postgresPort: number;
  readonly restPort: number;
  readonly configuration: Readonly<Record<string, unknown>>;
}

export class PatroniNode {
  private patroni: ServerProcess | null = null;

  constructor(private readonly plan: NodePlan) {}

  get name(): string {
    return this.plan.name;
  }

  get port(): number {
    return this.plan.postgresPort;
  }

  get rest(): string {
    return `http://127.0.0.1:${this.plan.restPort}`;
  }

  async start(): Promise<void> {
    const { folder, name, program, configuration } = this.plan;
    const directory = join(folder, name);
    await makeServerDirectory(directory, serverUser());
    const file = join(folder, `${name}.yml`);
    // What is JSON is YAML too.
    await writeFile(file, JSON.stringify(configuration), { mode: 0o644 });
    const command = commandFor({
      program: {
        kind: 'binary',
        path: program,
        environment: { PATH: process.env['PATH'] ?? '', PYTHONUNBUFFERED: '1' },
      },
      args: [file],
      directory,
      shared: folder,
      user: serverUser(),
      port: this.plan.restPort,
      name: `evercount-${name}`,
      // Its Postgres would outlive it by SIGKILL.
      deathSignal: 'SIGTERM',
    });
    this.patroni = await ServerProcess.start(command, { logFile: join(folder, `${name}.log`), pidFile: null });
  }

  /** An orderly end of both. */
  async stop(): Promise<void> {
    if (this.patroni?.end !== null) return this.kill();
    this.thaw();
    await this.patroni.stop('SIGTERM', STOP_PATIENCE_MS);
    // Patroni itself may have been killed for taking too long.
    await this.kill();
  }

  /** SIGKILL to all of it at once, as a machine loses its power; settles when nothing of it is left. */
  async kill(): Promise<void> {
    const family = this.freeze();
    for (const { pid } of family) signalIfAlive(pid, 'SIGKILL');
    await this.patroni?.ended;
    await eventually(() => !family.some(isRunning));
  }

  /** SIGKILL to Postgres alone; Patroni lives. */
  async killPostgres(): Promise<void> {
    const family = familyOf(this.postmaster());
    for (const { pid } of family) signalIfAlive(pid, 'SIGSTOP');
    for (const { pid } of family) signalIfAlive(pid, 'SIGKILL');
    await eventually(() => !family.some(isRunning));
  }

  /** SIGSTOP to all of it: it hangs, its connections stay open. */
  freeze(): ProcessIdentity[] {
    for (const { pid } of this.family()) signalIfAlive(pid, 'SIGSTOP');
    // Those that were born meanwhile.
    const family = this.family();
    for (const { pid } of family) signalIfAlive(pid, 'SIGSTOP');
    return family;
  }

  /** Postgres first, as a machine wakes up: whatever Patroni will say about it comes later. */
  thaw(): void {
    for (const { pid } of this.family().reverse()) signalIfAlive(pid, 'SIGCONT');
  }

  private family(): ProcessIdentity[] {
    const patroni = this.patroni !== null && this.patroni.end === null ? familyOf(this.patroni.pid) : [];
    const postmaster = this.postmaster();
    return [...patroni, ...(identityOf(postmaster) === null ? [] : familyOf(postmaster))];
  }

  /** The id of Postgres' first process, which is no child of Patroni's; 0: there is none. */
  private postmaster(): number {
    const file = join(this.plan.folder, this.name, 'data', 'postmaster.pid');
    const pid = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0;
    // A file left behind may name another process by now.
    const arguments_ = Number.isInteger(pid) && pid > 0 && existsSync(`/proc/${pid}/cmdline`);
    return arguments_ && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(this.plan.folder, this.name))
      ? pid
      : 0;
  }
}
