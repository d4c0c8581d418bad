/**
 * Servers in containers, where this machine has no program of its own but an engine that answers. Docker's client runs
 * in the foreground as our child and hands signals on; the container shows the data under the same path as outside.
 */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { User } from './user.js';

/** Time for an engine to answer; a running one takes far less. */
const ENGINE_TIMEOUT_MS = 5_000;

let answered: boolean | undefined;

/** Whether there is a Docker engine that answers; asked once. */
export function engineAnswers(): boolean {
  answered ??=
    spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], {
      stdio: 'ignore',
      timeout: ENGINE_TIMEOUT_MS,
    }).status === 0;
  return answered;
}

/** Whether the engine holds `image`, or can pull it. Pulling shows its progress. */
export function ensureImage(image: string, say: (line: string) => void): boolean {
  if (spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0) return true;
  say(`Pulling the image ${image}`);
  return spawnSync('docker', ['pull', image], { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

interface ContainerCall {
  readonly image: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly shared: string;
  readonly user: User | null;
  readonly port: number | null;
  readonly name: string;
}

/** The arguments for `docker` that run `path` of an image in the foreground; the port is published on loopback only. */
export function containerCommand(call: ContainerCall): string[] {
  const uid = call.user?.uid ?? process.getuid?.() ?? 0;
  const gid = call.user?.gid ?? process.getgid?.() ?? 0;
  return [
    'run',
    ...['--rm', '--interactive', '--name', call.name, '--user', `${uid}:${gid}`],
    ...['--volume', `${call.shared}:${call.shared}`, '--volume', `${passwdFile(call.shared, uid, gid)}:/etc/passwd:ro`],
    ...['--workdir', call.directory, '--env', 'LC_ALL=C', '--env', 'TZ=UTC'],
    ...(call.port === null ? [] : ['--publish', `127.0.0.1:${call.port}:${call.port}`]),
    ...['--entrypoint', call.path, call.image, ...call.args],
  ];
}

/** initdb wants a name for the user it runs as; an image knows only its own. */
function passwdFile(shared: string, uid: number, gid: number): string {
  const file = join(shared, 'container.passwd');
  writeFileSync(file, `root:x:0:0::/root:/bin/sh\nevercount:x:${uid}:${gid}::/:/bin/sh\n`);
  return file;
}

/** Ends and removes the container of that name, if there is one. */
export async function removeContainer(name: string): Promise<void> {
  const client = spawn('docker', ['rm', '--force', name], { stdio: 'ignore' });
  await new Promise((resolve) => client.once('close', resolve).once('error', resolve));
}
