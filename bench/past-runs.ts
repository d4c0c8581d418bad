/** What runs before this one came to, by commit: for those who changed something, and want to see what it did. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.js';
import { median } from './median.js';
import type { Speed } from './speed.js';
import type { Verdict } from './targets.js';

/** Of one machine, and so not kept with the sources. */
const FILE = fileURLToPath(new URL('results/history.jsonl', import.meta.url));

/** As many runs before tell what is usual. */
const COMPARED = 5;

/** Ratios of one run vary by less, on a machine that does nothing else. */
const WORSE_BY = 0.1;

interface PastRun {
  /** Null: not known. */
  readonly commit: string | null;
  readonly startedAt: string;
  readonly cpu: string;
  readonly speed: Speed;
  /** What came out, by target. */
  readonly got: Readonly<Record<string, number>>;
}

/** What a target came to now, and before. */
export interface Course {
  readonly target: string;
  readonly got: number;
  /** The median of the latest runs on such a machine. */
  readonly usual: number;
  /** The commit of the latest of them; null: not known. */
  readonly since: string | null;
  readonly isWorse: boolean;
}

/** Compares a run with those before it, and then keeps it for the next ones. */
export function comparedWithPast(
  { cpu, commit }: Machine,
  startedAt: string,
  speed: Speed,
  verdicts: readonly Verdict[],
): Course[] {
  const earlier = pastRuns().filter((run) => run.cpu === cpu);
  const courses = verdicts.flatMap((verdict) => courseOf(verdict, earlier));
  const got = Object.fromEntries(verdicts.flatMap((one) => (one.got === null ? [] : [[one.target, one.got] as const])));
  mkdirSync(dirname(FILE), { recursive: true });
  appendFileSync(FILE, `${JSON.stringify({ commit, startedAt, cpu, speed, got } satisfies PastRun)}\n`);
  return courses;
}

function courseOf({ target, got, bound }: Verdict, earlier: readonly PastRun[]): Course[] {
  const runs = earlier.filter((run) => target in run.got).slice(-COMPARED);
  if (got === null || runs.length === 0) return [];
  const usual = median(runs.map((run) => run.got[target] ?? NaN));
  const isWorse = 'least' in bound ? got < usual * (1 - WORSE_BY) : got > usual * (1 + WORSE_BY);
  return [{ target, got, usual, since: runs.at(-1)?.commit ?? null, isWorse }];
}

function pastRuns(): PastRun[] {
  if (!existsSync(FILE)) return [];
  const lines = readFileSync(FILE, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as PastRun);
}
