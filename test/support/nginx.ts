/** A real nginx for the tests of the documentation: that of this machine, else Debian's package, unpacked. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackDebian } from '../../src/embedded/debian-packages.js';
import { freePort } from '../../src/embedded/free-port.js';
import { eventually } from './eventually.js';
import { scratchFolder } from './scratch.js';

/** Folders that are not on everyone's PATH. */
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

const HINT = 'No nginx was found; the tests of the documentation need one. Install it, with "apt-get install nginx".';

interface Program {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws Error when there is none */
function findNginx(): Program {
  const found = FOLDERS.map((folder) => join(folder, 'nginx')).find((path) => existsSync(path));
  if (found !== undefined) return { path: found, environment: {} };
  const unpacked = unpackDebian('nginx', () => undefined);
  const path = unpacked === null ? null : join(unpacked.root, 'usr/sbin/nginx');
  if (unpacked === null || path === null || !existsSync(path)) throw new Error(HINT);
  return { path, environment: unpacked.environment };
}

export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts it in the foreground, as one process that ends with `stop`.
 *
 * @param configuration what belongs into `http`, given the port to listen at and a folder for files
 * @param files by name, for that folder
 */
export async function startNginx(
  configuration: (port: number, folder: string) => string,
  files: Readonly<Record<string, string>>,
): Promise<Nginx> {
  const { path, environment } = findNginx();
  const [port, folder] = await Promise.all([freePort(), scratchFolder()]);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const text = `
    daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
    events {}
    http { access_log off; ${temporary.join(' ')}\n${configuration(port, folder)} }`;
  await writeFile(join(folder, 'nginx.conf'), text);
  const child = spawn(path, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`nginx did not start:\n${said.join('')}`);
    return (await fetch(url).catch(() => null)) !== null;
  });
  return { url, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
