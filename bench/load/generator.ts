/** What makes the requests: a program of its own, never this process, which has to measure. */
import { execFile, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unpackDebian } from '../../src/embedded/debian-packages.js';
import { generatorArguments, type Workload } from './workload.js';

/** What a generator saw. Latencies are of whole requests, as the client waits for them. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Not answered, or not with a 2xx; expected to be 0. */
  readonly failed: number;
}

export interface Generator {
  /** For people: which one, and its version. */
  readonly name: string;
  run(url: string, workload: Workload, connections: number, seconds: number): Promise<LoadResult>;
}

/** A generator that does not come to its end is stuck. */
const PATIENCE_MS = 30_000;

const WRK_SCRIPT = fileURLToPath(new URL('workload.lua', import.meta.url));
const AUTOCANNON_PROGRAM = fileURLToPath(new URL('autocannon.mjs', import.meta.url));

const run = promisify(execFile);

/** wrk where it is installed or apt can fetch it, since it takes the least of the machine; else autocannon. */
export function findGenerator(say: (line: string) => void): Generator {
  const installed = wrkAt('wrk', {});
  if (installed !== null) return installed;
  const unpacked = unpackDebian('wrk', say);
  const fetched = unpacked === null ? null : wrkAt(join(unpacked.root, 'usr/bin/wrk'), unpacked.environment);
  return fetched ?? autocannon;
}

function wrkAt(path: string, environment: Readonly<Record<string, string>>): Generator | null {
  const env = { ...process.env, ...environment };
  // Asked for its version, it tells it and then exits as if it had failed.
  const { stdout } = spawnSync(path, ['-v'], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
  const version = /^wrk \S*?(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) return null;
  return {
    name: `wrk ${version}`,
    run: (url, workload, connections, seconds) => {
      const load = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s', '-s', WRK_SCRIPT, url];
      return report(path, [...load, '--', ...generatorArguments(workload, randomInt(2 ** 31))], seconds, env);
    },
  };
}

const autocannon: Generator = {
  name: 'autocannon, which may itself be the limit of what is fast',
  run: (url, workload, connections, seconds) => {
    const load = [AUTOCANNON_PROGRAM, url, String(connections), String(seconds)];
    return report(process.execPath, [...load, ...generatorArguments(workload, 0)], seconds, process.env);
  },
};

/** Runs a program whose last line is a LoadResult. */
async function report(
  file: string,
  args: readonly string[],
  seconds: number,
  env: NodeJS.ProcessEnv,
): Promise<LoadResult> {
  const { stdout } = await run(file, args, { env, timeout: seconds * 1000 + PATIENCE_MS });
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`${file} reported nothing:\n${stdout}`);
  return JSON.parse(last) as LoadResult;
}
