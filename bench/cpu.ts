/** CPU time of processes, from Linux' /proc; elsewhere it is not known. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports in ticks of 10 ms to every program, whatever its kernel counts in. */
const TICKS_PER_SECOND = 100;

/** Fields of /proc/<pid>/stat behind the name, from 0: the parent, its own ticks, those of children it has reaped. */
const PARENT = 1;
const OWN_TICKS = [11, 12] as const;
const REAPED_TICKS = [13, 14] as const;

/** CPU seconds of a process, of its children, and of children that have ended; NaN where that cannot be known. */
export function familyCpuSeconds(pid: number): number {
  const fields = statOf(pid);
  if (fields === null) return NaN;
  let ticks = sumOf(fields, [...OWN_TICKS, ...REAPED_TICKS]);
  for (const child of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const childFields = statOf(Number(child));
    if (childFields !== null && Number(childFields[PARENT]) === pid) ticks += sumOf(childFields, OWN_TICKS);
  }
  return ticks / TICKS_PER_SECOND;
}

/** CPU seconds of children of this process that have ended. */
export function endedChildrenCpuSeconds(): number {
  const fields = statOf(process.pid);
  return fields === null ? NaN : sumOf(fields, REAPED_TICKS) / TICKS_PER_SECOND;
}

function statOf(pid: number): string[] | null {
  try {
    // The name may hold spaces and parentheses.
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return null;
  }
}

function sumOf(fields: readonly string[], indexes: readonly number[]): number {
  return indexes.reduce((sum, index) => sum + Number(fields[index]), 0);
}
