/**
 * The end of one counter that ends by itself: writers that change it under the lock of its row, readers that fill one key
 * in Redis, upkeep that writes ends down, and a clock of the database that passes the moment and may be set back.
 *
 * A violation is an answer older than what was known when it was asked for, or one that gives a version a second meaning.
 * Where the clock is steady, it is known from the moment on that the counter is one version on: absent, or what a writer
 * made of it that still found it alive.
 */
export interface ExpiryRules {
  /** When a writer looks at the clock. */
  readonly judges: 'behind the lock' | 'before the lock';
  /** What begins anew is so many versions above what ended. */
  readonly beginsAfter: 1 | 2;
  /**
   * What a reader does that selected a row whose time is over: it tells so at once; or asks the row again, behind whoever
   * is changing it; or has the end written down, behind them too.
   */
  readonly ends: 'told at once' | 'asked again' | 'written down';
  /** An entry ends with its counter, or lives on. */
  readonly entries: 'end' | 'live on';
  /** Whether an entry whose time is over is told, where it came late. */
  readonly hits: 'compared with the clock' | 'told';
}

/** Those of this service. */
export const EXPIRY: ExpiryRules = {
  judges: 'behind the lock',
  beginsAfter: 2,
  ends: 'written down',
  entries: 'end',
  hits: 'compared with the clock',
};

export interface ExpiryScenario {
  readonly writers: number;
  readonly readers: number;
  /** Times that the clock of the database may be set back before the moment. */
  readonly setBack: 0 | 1;
}
