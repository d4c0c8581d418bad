/** Where the figures come from. */
import { spawnSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { findPostgres } from '../src/embedded/postgres-programs.js';
import { findRedis } from '../src/embedded/redis-program.js';
import { median } from './median.js';
import { loneCommitMs } from './postgres.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  readonly redis: string;
  /** Milliseconds to write 8 KiB and wait for the disk: the least a commit can cost. */
  readonly syncMs: number;
  /** Milliseconds that one upsert takes while nothing else is committed. */
  readonly commitMs: number;
  /** Processes that wanted to run during the last minute before the start; noise, where it is not near 0. */
  readonly loadBefore: number;
  /** Of the repository; null: not known. */
  readonly commit: string | null;
}

const SYNCS = 200;
const PAGE_BYTES = 8192;

/** @param databaseUrl of a database in the Postgres that everybody uses */
export async function describeMachine(databaseUrl: string): Promise<Machine> {
  const [load = NaN] = loadavg();
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    postgres: postgresVersion(),
    redis: findRedis().version,
    syncMs: syncMs(),
    commitMs: await loneCommitMs(databaseUrl),
    loadBefore: load,
    commit: commitOf(),
  };
}

function postgresVersion(): string {
  const { where, major } = findPostgres(null);
  const { stdout } = spawnSync(join(where, 'postgres'), ['--version'], { encoding: 'utf8' });
  return /\d+(\.\d+)?/.exec(stdout)?.[0] ?? String(major);
}

/** Milliseconds that a write of a page and its sync take, in the folder where the servers keep their data. */
export function syncMs(): number {
  return median(syncsMs());
}

/** Each of so many, milliseconds. */
export function syncsMs(): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'evercount-sync-'));
  const file = openSync(join(folder, 'file'), 'w');
  const page = Buffer.alloc(PAGE_BYTES);
  const times = Array.from({ length: SYNCS }, () => {
    const startMs = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - startMs;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  return times;
}

function commitOf(): string | null {
  const { status, stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}
