import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { CounterCache } from '../../cache/counter-cache.js';
import { type Entry, entryOf } from '../../cache/entry.js';
import { CounterReader } from '../../store/counter-reader.js';
import { DatabaseClock } from '../database-clock.js';
import { CacheGuard } from '../guard/cache-guard.js';
import { compare, driftOf } from './drift.js';
import { type ReconcileReport, type Suspect, Walk } from './reconcile-walk.js';

/** Names in one SELECT, which takes milliseconds. */
const CHUNK = 500;

/** Keys that one SCAN is asked for; it may give some more, and those should not take a SELECT of their own. */
const SCANNED = 480;

/** Bounds the rate to about 120,000 entries a second, and so what clients feel of a walk. */
const SHORTEST_STEP_MS = 4;

/** A commit is published long before; what is still older then was forgotten. */
const SECOND_LOOK_AFTER_MS = 1_000;

/** Entries waiting for their second look: what is written all the time looks older often. */
const MAX_SUSPECTS = 5_000;

/** Drift told in one line of the log. */
const MAX_DRIFT_LOGGED = 10;

export interface ReconcileOptions {
  /** Stop after about so many entries. */
  readonly limit?: number;
  /** Stop after the step at hand. */
  readonly signal?: AbortSignal;
}

/** An entry that was found in the cache. */
interface Held {
  readonly name: string;
  readonly entry: Entry;
}

/** What a walk is at: entries to be compared, and where the SCAN goes on; null where it has come to its end. */
interface Step {
  readonly held: readonly Held[];
  readonly next: string | null;
}

/**
 * Compares entries with the truth, and repairs them. A safety net: the protocol keeps entries right, but for what it
 * cannot see, a hand that changed one or a fault in this service.
 */
@Injectable()
export class Reconciler {
  /** What all runs of this instance came to so far. */
  readonly tally = {
    runs: { complete: 0, incomplete: 0, failed: 0 },
    drift: { behind: 0, wrong: 0 },
    compared: 0,
    repaired: 0,
    /** Milliseconds of the calendar; null: not yet. */
    completeAtMs: null as number | null,
    durationMs: 0,
  };

  private readonly log = new Logger(Reconciler.name);

  constructor(
    private readonly cache: CounterCache,
    private readonly reader: CounterReader,
    private readonly guard: CacheGuard,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Walks through all entries once, in bounded memory. Leases and foreign entries are left alone.
   *
   * @throws CacheUnavailable, StoreFailure when the walk was cut off; what was repaired until then stays so
   */
  async runOnce({ limit = Infinity, signal }: ReconcileOptions = {}): Promise<ReconcileReport> {
    const walk = new Walk();
    let result: 'complete' | 'incomplete' | 'failed' = 'failed';
    try {
      const complete = await this.walk(walk, limit, signal);
      result = complete ? 'complete' : 'incomplete';
      return walk.report(complete);
    } finally {
      this.count(walk, result);
      this.tell(walk);
    }
  }

  /** @returns whether it came to its end */
  private async walk(walk: Walk, limit: number, signal: AbortSignal | undefined): Promise<boolean> {
    for (let step: Step | null = { held: [], next: '0' }; step !== null;) {
      if (walk.compared >= limit || !this.mayGoOn(signal)) return false;
      const beganAtMs = performance.now();
      const { held, next }: Step = step;
      // Redis looks the next ones up while Postgres compares these.
      [step] = await Promise.all([next === null ? null : this.look(next), this.compareAll(walk, held)]);
      await this.lookAgain(walk);
      while (walk.suspects.size > MAX_SUSPECTS) await this.lookAgainWhenDue(walk);
      await sleep(Math.max(0, beganAtMs + SHORTEST_STEP_MS - performance.now()));
    }
    while (walk.suspects.size > 0) {
      if (!this.mayGoOn(signal)) return false;
      await this.lookAgainWhenDue(walk);
    }
    return true;
  }

  private mayGoOn(signal: AbortSignal | undefined): boolean {
    return signal?.aborted !== true && this.guard.permission() !== null;
  }

  /** The next entries, from where a SCAN stands. */
  private async look(cursor: string): Promise<Step> {
    const step = await this.cache.scan(cursor, SCANNED);
    const identity = this.guard.permission();
    const entries = identity === null ? [] : await this.cache.getMany(step.names, identity);
    const held = step.names.flatMap((name, index): Held[] => {
      const entry = entries[index] ?? null;
      return entry === null ? [] : [{ name, entry }];
    });
    return { held, next: step.cursor === '0' ? null : step.cursor };
  }

  private async compareAll(walk: Walk, held: readonly Held[]): Promise<void> {
    for (let start = 0; start < held.length; start += CHUNK) {
      await this.compareChunk(walk, held.slice(start, start + CHUNK));
    }
  }

  private async compareChunk(walk: Walk, held: readonly Held[]): Promise<void> {
    walk.compared += held.length;
    // After the GET, so that it sees at least what any of these entries was published from.
    const places = await this.reader.unlike(
      held.map(({ name }) => name),
      held.map(({ entry }) => `${entry.version} ${entry.json ?? ''}`),
    );
    const unlike = held.filter((_, index) => places.includes(index));
    if (unlike.length > 0) await this.explain(walk, unlike);
  }

  /** Entries that were not like the truth: older, or wrong. */
  private async explain(walk: Walk, held: readonly Held[]): Promise<void> {
    const truths = await this.reader.readMany(held.map(({ name }) => name));
    const wrong: string[] = [];
    truths.forEach((truth, index) => {
      const entry = held[index]?.entry;
      if (entry === undefined) return;
      switch (compare(entry, truth)) {
        case 'same':
          return;
        case 'older':
          if (!walk.suspects.has(truth.name)) {
            walk.suspects.set(truth.name, { version: truth.version, seenAtMs: performance.now() });
          }
          return;
        case 'wrong':
          wrong.push(truth.name);
          walk.note(driftOf('wrong', entry, truth, this.clock.nowMs()));
      }
    });
    await this.cache.remove(wrong);
    walk.repaired += wrong.length;
  }

  private async lookAgainWhenDue(walk: Walk): Promise<void> {
    const [oldest] = walk.suspects.values();
    if (oldest === undefined) return;
    const dueAtMs = oldest.seenAtMs + SECOND_LOOK_AFTER_MS;
    // A timer may fire a moment early.
    await sleep(Math.max(0, Math.ceil(dueAtMs - performance.now()) + 1));
    await this.lookAgain(walk);
  }

  /** The second look at up to a chunk of suspects whose time has come. */
  private async lookAgain(walk: Walk): Promise<void> {
    const due = takeDue(walk.suspects);
    const identity = this.guard.permission();
    if (due.length === 0 || identity === null) return;
    const entries = await this.cache.getMany(
      due.map(([name]) => name),
      identity,
    );
    const behind = due.flatMap(([name, { version }], index) => {
      const entry = entries[index] ?? null;
      // Measured against the truth of then: the present one may be on its way to the cache right now.
      return entry !== null && entry.version < version ? [{ name, entry }] : [];
    });
    if (behind.length === 0) return;
    const sentAtMs = performance.now();
    const truths = await this.reader.readMany(behind.map(({ name }) => name));
    await this.cache.publish(
      truths.map((truth) => ({ name: truth.name, entry: entryOf(truth), nonce: null, sentAtMs })),
      identity,
    );
    truths.forEach((truth, index) => {
      const entry = behind[index]?.entry;
      if (entry !== undefined) walk.note(driftOf('behind', entry, truth, this.clock.nowMs()));
    });
    walk.repaired += truths.length;
  }

  private count(walk: Walk, result: 'complete' | 'incomplete' | 'failed'): void {
    const { tally } = this;
    const { compared, behind, wrong, repaired, durationMs } = walk.report(result === 'complete');
    tally.runs[result] += 1;
    tally.drift.behind += behind;
    tally.drift.wrong += wrong;
    tally.compared += compared;
    tally.repaired += repaired;
    tally.durationMs = durationMs;
    if (result === 'complete') tally.completeAtMs = Date.now();
  }

  private tell({ behind, wrong, drift }: Walk): void {
    const examples = drift.slice(0, MAX_DRIFT_LOGGED);
    if (wrong > 0) {
      const msg = 'entries in the cache were nothing that was ever committed; they were deleted';
      this.log.error({ msg, wrong, behind, drift: examples });
    } else if (behind > 0) {
      this.log.warn({ msg: 'entries in the cache were behind the truth; they were replaced', behind, drift: examples });
    }
  }
}

/** Takes out up to a chunk of suspects that were seen long enough ago. */
function takeDue(suspects: Map<string, Suspect>): [string, Suspect][] {
  const dueBeforeMs = performance.now() - SECOND_LOOK_AFTER_MS;
  const due: [string, Suspect][] = [];
  for (const [name, suspect] of suspects) {
    if (suspect.seenAtMs > dueBeforeMs || due.length === CHUNK) break;
    suspects.delete(name);
    due.push([name, suspect]);
  }
  return due;
}
