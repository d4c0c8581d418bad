/** What is asked for, in the words of the contests. */
import type { Names, Operation, Workload } from './load/workload.js';

export const HOT: Names = { kind: 'hot' };
export const MANY: Names = { kind: 'uniform', count: 10_000 };
export const SKEWED: Names = { kind: 'zipf', count: 1_000_000 };

export const of = (operation: Operation, names: Names): Workload => ({ operation, names, keyed: false });
export const keyed = (workload: Workload): Workload => ({ ...workload, keyed: true });
