/**
 * Tells a process from a later one that was given the same id: by the moment it started. A pid file without it would
 * have us end, or wait for, a stranger.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the words of the operating system; compared for equality only. */
  readonly started: string;
}

/** The identity of a running process, or null when there is none of that id (a dead one not yet waited for counts as none). */
export function identityOf(pid: number): ProcessIdentity | null {
  const started = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return started === null ? null : { pid, started };
}

/** Whether that very process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.started === identity.started;
}

/** Reads an identity back from JSON text; null when the text is none. */
export function parseIdentity(text: string): ProcessIdentity | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('started' in value)) return null;
    const { pid, started } = value;
    // 0 and below would name process groups.
    if (!Number.isInteger(pid) || Number(pid) <= 0 || typeof started !== 'string') return null;
    return { pid: Number(pid), started };
  } catch {
    return null;
  }
}

/** The boot and the clock tick at which it started: the same pair never names two processes of one id. */
function startOnLinux(pid: number): string | null {
  try {
    // The name, in parentheses, may itself hold spaces and parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [state] = fields;
    const ticks = fields[19];
    if (ticks === undefined || state === 'Z' || state === 'X') return null;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${ticks}`;
  } catch {
    return null;
  }
}

function startByPs(pid: number): string | null {
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const text = status === 0 ? stdout.trim() : '';
  return text === '' ? null : text;
}
