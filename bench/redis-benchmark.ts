/** Redis' own benchmark program, against whatever speaks its protocol. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findRedisTool, type Runnable } from '../test/support/redis-programs.js';
import type { LoadResult } from './load/generator.js';

/** What its clients send, all of them the same. */
export interface RedisLoad {
  /** `__rand_int__` in them stands for another number each time. */
  readonly command: readonly string[];
  /** How many numbers there are. */
  readonly range: number;
  /** Commands that a client sends before it reads the answers. */
  readonly pipeline: number;
}

const PATIENCE_MS = 60_000;

/** Until it is known how fast somebody is: enough for any program that is there to be fast. */
const FIRST_PER_SECOND = 10_000;

/** How many follow the command: how many a second, then how long: mean, least, p50, p95, p99, most. */
const FIGURES = 7;

const run = promisify(execFile);

/** Null: it is not here, and Debian's packages cannot be had. */
export function findRedisBenchmark(): RedisBenchmark | null {
  const program = findRedisTool('redis-benchmark');
  return program === null ? null : new RedisBenchmark(program);
}

/** It takes a number of requests instead of a time, so it is given as many as were answered in that time before. */
export class RedisBenchmark {
  private readonly perSecond = new Map<string, number>();

  constructor(private readonly program: Runnable) {}

  async run(url: string, load: RedisLoad, connections: number, seconds: number): Promise<LoadResult> {
    const { hostname, port, username, password } = new URL(url);
    const { command, range, pipeline } = load;
    const key = JSON.stringify([url, load, connections]);
    const requests = Math.round((this.perSecond.get(key) ?? FIRST_PER_SECOND) * seconds);
    const login = password === '' ? [] : ['--user', username === '' ? 'default' : username, '-a', password];
    const size = ['-c', String(connections), '-P', String(pipeline), '-n', String(requests), '-r', String(range)];
    const args = ['-h', hostname, '-p', port, ...login, ...size, '--csv', ...command];
    const env = { ...process.env, ...this.program.environment };
    // An answer that is an error ends it.
    const { stdout } = await run(this.program.file, args, { env, timeout: seconds * 1000 + PATIENCE_MS });
    // Behind the command, whose own commas are not told apart.
    const figures = (stdout.trimEnd().split('\n').at(-1) ?? '')
      .split(',')
      .slice(-FIGURES)
      .map((cell) => Number(cell.replaceAll('"', '')));
    const [perSecond = NaN, , , p50Ms = NaN, , p99Ms = NaN] = figures;
    if (!(perSecond > 0)) throw new Error(`redis-benchmark reported nothing:\n${stdout}`);
    this.perSecond.set(key, perSecond);
    // It does not tell a p99.9.
    return { requests, seconds: requests / perSecond, p50Ms, p99Ms, p999Ms: NaN, failed: 0 };
  }
}
