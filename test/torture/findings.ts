import type { HistoryEntry } from './history.js';

/** As many as one wants to read. */
const MAX_VIOLATIONS = 20;

export type Violation = 'lost' | 'doubled' | 'stale' | 'wrong';

/** What the checker has found so far, about all counters. */
export class Findings {
  readonly counts: Record<Violation, number> = { lost: 0, doubled: 0, stale: 0, wrong: 0 };
  readonly sentences: string[] = [];
  worstStaleVersions = 0;
  worstStaleMs = 0;
  unverifiedReads = 0;
  worstUnverifiedMs = 0;

  constructor(
    readonly beginNs: bigint,
    readonly unverifiedLimitMs: number,
  ) {}

  add(kind: Violation, sentence: string, count = 1): void {
    this.counts[kind] += count;
    if (this.sentences.length < MAX_VIOLATIONS) this.sentences.push(`${kind}: ${sentence}`);
  }

  /** An operation in words, its times in seconds since the first one. */
  describe(entry: HistoryEntry): string {
    const at = (ns: bigint): string => (Number(ns - this.beginNs) / 1e9).toFixed(6);
    const when = `client ${entry.client}, ${at(entry.startNs)} to ${at(entry.endNs)} s`;
    if (entry.kind === 'read') {
      return `read of ${entry.value} at version ${entry.version}${entry.unverified ? ', unverified' : ''} (${when})`;
    }
    const { outcome, by, key } = entry;
    const result = outcome.kind === 'ok' ? `${outcome.value} at version ${outcome.version}` : outcome.kind;
    return `increment by ${by}: ${result} (${when}${key === null ? '' : `, key ${key}`})`;
  }
}
