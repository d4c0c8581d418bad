/** CPU time of processes, from Linux' /proc; elsewhere it is not known. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports in ticks of 10 ms to every program, whatever its kernel counts in. */
const TICKS_PER_SECOND = 100;

const NANOSECONDS = 1e9;

/** Fields of /proc/<pid>/stat behind the name, from 0: the parent, its own ticks, those of children it has reaped. */
const PARENT = 1;
const OWN_TICKS = [11, 12] as const;
const REAPED_TICKS = [13, 14] as const;

/** A child that ends between two looks would be in neither. */
const MAX_LOOKS = 5;

/** CPU seconds of a process, of its children, and of children that have ended; NaN where that cannot be known. */
export function familyCpuSeconds(pid: number): number {
  let seconds = NaN;
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const fields = statOf(pid);
    if (fields === null) return NaN;
    const reaped = ticksOf(fields, REAPED_TICKS);
    seconds = ownSeconds(pid, fields) + reaped + childrenSeconds(pid);
    if (ticksOf(statOf(pid) ?? fields, REAPED_TICKS) === reaped) break;
  }
  return seconds;
}

/** CPU seconds of a process without its children; NaN where that cannot be known. Cheap: no other process is looked at. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid);
  return fields === null ? NaN : ownSeconds(pid, fields);
}

/** CPU seconds of all programs of this machine, whoever they are. */
export function machineCpuSeconds(): number {
  const fields = read('/proc/stat').split('\n', 1)[0]?.split(/\s+/).slice(1, 9) ?? [];
  // Idle, and waiting for a disk, nothing is used.
  return ticksOf(fields, [0, 1, 2, 5, 6, 7]);
}

function childrenSeconds(pid: number): number {
  let seconds = 0;
  for (const child of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(Number(child));
    if (fields !== null && Number(fields[PARENT]) === pid) seconds += ownSeconds(Number(child), fields);
  }
  return seconds;
}

/** CPU seconds of children of this process that have ended. */
export function endedChildrenCpuSeconds(): number {
  const fields = statOf(process.pid);
  return fields === null ? NaN : ticksOf(fields, REAPED_TICKS);
}

/** Of its threads, to the nanosecond, where the kernel keeps that: a tick is a tenth of what a short turn costs Postgres. */
function ownSeconds(pid: number, fields: readonly string[]): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const times = threads.map((thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]));
    return times.reduce((sum, time) => sum + time, 0) / NANOSECONDS;
  } catch {
    return ticksOf(fields, OWN_TICKS);
  }
}

function statOf(pid: number): string[] | null {
  try {
    // The name may hold spaces and parentheses.
    return read(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return null;
  }
}

const read = (file: string): string => readFileSync(file, 'utf8');

function ticksOf(fields: readonly string[], indexes: readonly number[]): number {
  return indexes.reduce((sum, index) => sum + Number(fields[index]), 0) / TICKS_PER_SECOND;
}
