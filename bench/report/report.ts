/** All that one run found out. */
import type { Machine } from '../machine.js';
import type { MemoryCourse } from '../memory.js';
import type { OverloadRound } from '../overload.js';
import type { ContestResult, Pace } from '../rounds.js';
import type { Sizes } from '../sizes.js';
import type { Verdict } from '../targets.js';
import type { JobCost } from '../upkeep.js';

export interface Report {
  /** RFC 3339. */
  readonly startedAt: string;
  /** For people: what was asked for. */
  readonly mode: string;
  readonly machine: Machine;
  readonly generator: string;
  readonly pace: Pace;
  readonly contests: readonly ContestResult[];
  readonly verdicts: readonly Verdict[];
  /** Null: not measured in this run. */
  readonly sizes: Sizes | null;
  readonly upkeep: readonly JobCost[] | null;
  readonly overload: readonly OverloadRound[] | null;
  readonly memory: MemoryCourse | null;
}
