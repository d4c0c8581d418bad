/** Clients of Redis from Debian's packages: those of this machine, else unpacked into a folder of ours. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { unpackDebian } from '../../src/embedded/debian-packages.js';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** How to run a program. */
export interface Runnable {
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** `redis-cli` or `redis-benchmark`; null where Debian's packages cannot be had. */
export function findRedisTool(name: 'redis-cli' | 'redis-benchmark'): Runnable | null {
  if (spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) return { file: name, environment: {} };
  const unpacked = unpackDebian('redis-tools', say);
  if (unpacked === null) return null;
  const file = join(unpacked.root, 'usr/bin', name);
  return existsSync(file) ? { file, environment: unpacked.environment } : null;
}

/** Debian's own, which its packages are for, before any other that is installed beside it. */
const PYTHONS = ['/usr/bin/python3', 'python3'];

/** A Python that has `redis`; null where Debian's packages cannot be had. */
export function findPythonRedis(): Runnable | null {
  const fit = (environment: Readonly<Record<string, string>>): Runnable | null => {
    const file = PYTHONS.find((python) => {
      const options = { stdio: 'ignore', env: { ...process.env, ...environment } } as const;
      return spawnSync(python, ['-c', 'import redis'], options).status === 0;
    });
    return file === undefined ? null : { file, environment };
  };
  const unpacked = fit({}) === null ? unpackDebian('python3-redis', say) : null;
  if (unpacked === null) return fit({});
  return fit({ PYTHONPATH: join(unpacked.root, 'usr/lib/python3/dist-packages') });
}

/** Runs it to its end; what it prints to either is `out`. */
export function runTool({ file, environment }: Runnable, args: readonly string[], input = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (out += bytes.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out }));
    child.stdin.end(input);
  });
}
