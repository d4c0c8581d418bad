/** How many files, and so connections, one process may have open. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Asks for a limit that has room for so many, of this process and of those it starts; Node itself goes up to the hard one.
 *
 * @returns how many a process may have open then; Infinity where the system does not tell
 */
export function allowOpenFiles(wanted: number): number {
  if (hardLimit() < wanted) {
    // The shell's own word for it would change that shell alone.
    spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${wanted}:${wanted}`], { stdio: 'ignore' });
  }
  return hardLimit();
}

function hardLimit(): number {
  try {
    const [, hard = ''] = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return hard === '' ? Infinity : Number(hard);
  } catch {
    return Infinity;
  }
}
