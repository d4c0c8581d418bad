/**
 * How a program of ours is called: as whom, with which rights, tied to the life of this process, on this machine or in
 * a container. What comes out can be given to `spawn` as it is.
 */
import { spawnSync } from 'node:child_process';
import { containerCommand, removeContainer } from './docker-engine.js';
import { EmbeddedError } from './embedded-error.js';
import { canReach, capabilityToSearch, type User } from './user.js';

/** A program of this machine, or one inside an image. */
export type Program =
  | { readonly kind: 'binary'; readonly path: string; readonly environment: Readonly<Record<string, string>> }
  | { readonly kind: 'image'; readonly image: string; readonly path: string };

export interface Call {
  readonly program: Program;
  readonly args: readonly string[];
  /** Where it runs. */
  readonly directory: string;
  /** Holds `directory` and every file it needs; a container is shown this folder, under the same path. */
  readonly shared: string;
  readonly user: User | null;
  /** Where it listens on loopback; null: nowhere. */
  readonly port: number | null;
  /** Names the container, so that one left over from an earlier run can be found. */
  readonly name: string;
  /** What the kernel sends it when this process dies. */
  readonly deathSignal: 'SIGKILL' | 'SIGQUIT' | 'SIGTERM';
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly directory: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Ends what killing the process does not reach: the container behind Docker's client. */
  readonly sweep: () => Promise<void>;
}

/**
 * Puts a call into words for `spawn`.
 *
 * @throws EmbeddedError when the user of the servers can reach neither its program nor its data
 */
export function commandFor(call: Call): Command {
  switch (call.program.kind) {
    case 'binary':
      return binaryCommand(call, call.program);
    case 'image':
      return {
        file: 'docker',
        args: containerCommand({ ...call, image: call.program.image, path: call.program.path }),
        // Docker's client is configured by the environment and by the home of whoever runs it.
        environment: process.env,
        directory: call.directory,
        sweep: () => removeContainer(call.name),
      };
  }
}

function binaryCommand(call: Call, program: Program & { kind: 'binary' }): Command {
  const command = {
    file: program.path,
    args: call.args,
    environment: serverEnvironment(call.directory, program.environment),
    directory: call.directory,
    sweep: () => Promise.resolve(),
  };
  const { user } = call;
  const reachable = canReach(call.directory, user) && canReach(program.path, user);
  const capability = user === null || reachable ? null : capabilityIfAny();
  if (!reachable && (capability === null || !hasSetpriv())) {
    throw new EmbeddedError(
      `${call.directory} cannot be entered by the user that runs the servers (they do not run as root). ` +
        'Move the project to a folder that others may enter, start as another user than root, ' +
        'or set DATABASE_URL and REDIS_URL to servers of your own.',
    );
  }
  if (!hasSetpriv()) return user === null ? command : { ...command, ...user };
  return { ...command, file: 'setpriv', args: [...setprivArgs(call, capability), program.path, ...call.args] };
}

function setprivArgs(call: Call, capability: string | null): string[] {
  const args = ['--pdeathsig', call.deathSignal];
  if (call.user !== null) {
    args.push('--reuid', String(call.user.uid), '--regid', String(call.user.gid), '--clear-groups');
  }
  if (capability !== null) args.push(`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`);
  return [...args, '--'];
}

function capabilityIfAny(): string | null {
  return process.platform === 'linux' ? capabilityToSearch() : null;
}

/** No variable of the service reaches the servers: some hold secrets, and PG* would change what Postgres does. */
function serverEnvironment(home: string, extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: home, LC_ALL: 'C', TZ: 'UTC', ...extra };
}

let setpriv: boolean | undefined;

/** util-linux's setpriv; the one of busybox does not tie a child to its parent's life. */
function hasSetpriv(): boolean {
  setpriv ??= spawnSync('setpriv', ['--pdeathsig', 'keep', '--', 'true'], { stdio: 'ignore' }).status === 0;
  return setpriv;
}
