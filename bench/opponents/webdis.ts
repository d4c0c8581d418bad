/** Webdis, an HTTP front of Redis in C: what may stand between clients and Redis, at the least cost. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackDebian } from '../../src/embedded/debian-packages.js';
import { freePort } from '../../src/embedded/free-port.js';
import type { Runnable } from '../../test/support/redis-programs.js';
import { type Child, startProgram } from '../child.js';

/** Null: it is not here, and Debian's packages cannot be had. */
export function findWebdis(say: (line: string) => void): Runnable | null {
  const { stdout } = spawnSync('sh', ['-c', 'command -v webdis'], { encoding: 'utf8' });
  if (stdout !== '') return { file: stdout.trim(), environment: {} };
  const unpacked = unpackDebian('webdis', say);
  return unpacked === null ? null : { file: join(unpacked.root, 'usr/bin/webdis'), environment: unpacked.environment };
}

/** With its own numbers of threads and of connections to Redis; it logs nothing, since that would cost it. */
export async function startWebdis({ file, environment }: Runnable, redisUrl: string): Promise<Child> {
  const { hostname, port, password } = new URL(redisUrl);
  const httpPort = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'evercount-webdis-'));
  const configuration = {
    redis_host: hostname,
    redis_port: Number(port),
    redis_auth: password,
    database: 0,
    http_host: '127.0.0.1',
    http_port: httpPort,
    daemonize: false,
    verbosity: 0,
    logfile: '/dev/null',
  };
  const path = join(folder, 'webdis.json');
  // There is a password in it.
  await writeFile(path, JSON.stringify(configuration), { mode: 0o600 });
  const child = await startProgram(file, [path], environment, `http://127.0.0.1:${httpPort}`);
  return {
    ...child,
    stop: async () => {
      await child.stop();
      await rm(folder, { recursive: true });
    },
  };
}
