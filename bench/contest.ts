import type { Entrant } from './entrants.js';

/** Clients at once where targets are judged. */
export const JUDGED_CONNECTIONS = 64;

export interface Contest {
  readonly key: string;
  readonly title: string;
  /** What a reader has to know to understand it. */
  readonly about: string;
  /** Targets are judged by it: it is part of the quick run, and gets more rounds. */
  readonly judged: boolean;
  /** Run with as many clients as targets are judged at, and not with fewer and more. */
  readonly side?: boolean;
  /** Clients at once in place of those asked for. */
  readonly connections?: readonly number[];
  /** Takes so long that it is run only by name, or with everything that does. */
  readonly long?: boolean;
  /** The shortest turn that shows what it is about; absent: any. */
  readonly leastSeconds?: number;
  /** Clients at once, at most; absent: as many as asked for. */
  readonly mostConnections?: number;
  readonly entrants: readonly Entrant[];
  /** Called before, and undone after. */
  readonly setUp?: () => Promise<unknown>;
  readonly tearDown?: () => Promise<unknown>;
}
