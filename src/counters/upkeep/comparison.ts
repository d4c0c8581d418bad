import { setTimeout as sleep } from 'node:timers/promises';
import type { CounterCache } from '../../cache/counter-cache.js';
import type { Entry } from '../../cache/entry.js';
import type { Line } from '../../cache/line.js';
import type { Truth } from '../../domain/counter.js';
import { NAMES_IN_STEP, stepsOf } from '../../domain/steps.js';
import type { CounterReader } from '../../store/counter-reader.js';
import type { StatementTimes } from '../../store/statement-times.js';
import type { Permit } from '../guard/cache-guard.js';
import { groupsOf } from '../guard/groups.js';
import { compare, driftOf } from './drift.js';
import type { Suspect, Walk } from './walk.js';
import type { Clock } from '../clock.js';

/** Keys that one SCAN is asked for; it may give some more, and those should not take a SELECT of their own. */
const SCANNED = NAMES_IN_STEP - 20;

/** Bounds the rate to about 120,000 entries a second, and so what clients feel of a walk. */
const SHORTEST_STEP_MS = 4;

/** A commit is published long before; what is still older then was forgotten. */
const SECOND_LOOK_AFTER_MS = 1_000;

/** Entries waiting for their second look: what is written all the time looks older often. */
const MAX_SUSPECTS = 5_000;

/** Whose entries are compared, and what is done about those that drifted. */
export interface Circumstances {
  /** Of the entries to compare, asked again and again; null for an entry that may not be served now. */
  readonly permit: () => Permit;
  /** Whether any may be; else the walk ends. */
  readonly isServing: () => boolean;
  /** By the database's clock, as the truth's times are, as far as that is known. */
  readonly nowMs: () => number;
  /** Deals with entries that were nothing that was ever committed; answers how many it replaced or deleted. */
  readonly ofWrong: (names: readonly string[]) => Promise<number>;
  /**
   * Deals with entries that stayed behind, and answers the same. The truths are new, from a statement of
   * these times.
   */
  readonly ofBehind: (truths: readonly Truth[], times: StatementTimes, permit: Permit) => Promise<number>;
}

export interface ComparisonOptions {
  /** Stop after about so many entries. */
  readonly limit?: number;
  /** Stop after the step at hand. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each step with the entries compared. */
  readonly progress?: (compared: number) => void;
}

/** An entry that was found in the cache. */
interface Held {
  readonly name: string;
  readonly entry: Entry;
}

/** Where a walk goes on: on which server, and where its SCAN stands. */
interface Next {
  readonly line: Line;
  readonly cursor: string;
  /** The servers after it. */
  readonly rest: readonly Line[];
}

/** What a walk is at: entries to be compared, and where it goes on; null where it has come to its end. */
interface Step {
  readonly held: readonly Held[];
  readonly next: Next | null;
}

function beginOf([line, ...rest]: readonly Line[]): Next | null {
  return line === undefined ? null : { line, cursor: '0', rest };
}

/** Walks through the entries of the cache, in bounded memory, and compares them with the truth. */
export class Comparison {
  constructor(
    private readonly cache: CounterCache,
    private readonly reader: CounterReader,
    private readonly circumstances: Circumstances,
    private readonly clock: Clock,
  ) {}

  /**
   * One walk through all entries. Leases and foreign entries are left alone.
   *
   * @returns whether it came to its end
   * @throws CacheUnavailable, StoreFailure
   */
  async of(walk: Walk, { limit = Infinity, signal, progress }: ComparisonOptions): Promise<boolean> {
    const lines = this.cache.lines();
    for (let step: Step | null = { held: [], next: beginOf(lines) }; step !== null;) {
      if (walk.compared >= limit || !this.mayGoOn(signal)) return false;
      const beganAtMs = this.clock.monotonicMs();
      const { held, next }: Step = step;
      // Redis looks the next ones up while Postgres compares these.
      [step] = await Promise.all([next === null ? null : this.look(walk, next), this.compareAll(walk, held)]);
      progress?.(walk.compared);
      await this.lookAgain(walk);
      while (walk.suspects.size > MAX_SUSPECTS) await this.lookAgainWhenDue(walk);
      await sleep(Math.max(0, beganAtMs + SHORTEST_STEP_MS - this.clock.monotonicMs()));
    }
    while (walk.suspects.size > 0) {
      if (!this.mayGoOn(signal)) return false;
      await this.lookAgainWhenDue(walk);
    }
    return lines.length > 0 && walk.unserved === 0;
  }

  private mayGoOn(signal: AbortSignal | undefined): boolean {
    return signal?.aborted !== true && this.circumstances.isServing();
  }

  /** The next entries, from where a SCAN stands. */
  private async look(walk: Walk, { line, cursor, rest }: Next): Promise<Step> {
    const step = await this.cache.scan(line, cursor, SCANNED);
    const found = await this.entriesOf(step.names);
    walk.unserved += found.unserved;
    const held = step.names.flatMap((name): Held[] => {
      const entry = found.entries.get(name);
      return entry === undefined ? [] : [{ name, entry }];
    });
    walk.others += step.names.length - held.length;
    return { held, next: step.cursor === '0' ? beginOf(rest) : { line, cursor: step.cursor, rest } };
  }

  /** The entries of the present identity, and how many names there are whose entries may not be served now. */
  private async entriesOf(names: readonly string[]): Promise<{ entries: Map<string, Entry>; unserved: number }> {
    const entries = new Map<string, Entry>();
    let unserved = 0;
    await Promise.all(
      groupsOf(names, this.circumstances.permit()).map(async ({ identity, names: members }) => {
        if (identity === null) {
          unserved += members.length;
          return;
        }
        const found = await this.cache.getMany(members, identity);
        members.forEach((name, index) => {
          const entry = found[index] ?? null;
          if (entry !== null) entries.set(name, entry);
        });
      }),
    );
    return { entries, unserved };
  }

  private async compareAll(walk: Walk, held: readonly Held[]): Promise<void> {
    for (const step of stepsOf(held)) await this.compareStep(walk, step);
  }

  private async compareStep(walk: Walk, held: readonly Held[]): Promise<void> {
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
    const { truths } = await this.reader.readMany(held.map(({ name }) => name));
    const wrong: string[] = [];
    truths.forEach((truth, index) => {
      const entry = held[index]?.entry;
      if (entry === undefined) return;
      switch (compare(entry, truth)) {
        case 'same':
          return;
        case 'older':
          if (!walk.suspects.has(truth.name)) {
            walk.suspects.set(truth.name, { version: truth.version, seenAtMs: this.clock.monotonicMs() });
          }
          return;
        case 'wrong':
          wrong.push(truth.name);
          walk.note(driftOf('wrong', entry, truth, this.circumstances.nowMs()));
      }
    });
    walk.repaired += await this.circumstances.ofWrong(wrong);
  }

  private async lookAgainWhenDue(walk: Walk): Promise<void> {
    const [oldest] = walk.suspects.values();
    if (oldest === undefined) return;
    const dueAtMs = oldest.seenAtMs + SECOND_LOOK_AFTER_MS;
    // A timer may fire a moment early.
    await sleep(Math.max(0, Math.ceil(dueAtMs - this.clock.monotonicMs()) + 1));
    await this.lookAgain(walk);
  }

  /** The second look at up to a step of suspects whose time has come. */
  private async lookAgain(walk: Walk): Promise<void> {
    const due = takeDue(walk.suspects, this.clock.monotonicMs() - SECOND_LOOK_AFTER_MS);
    if (due.length === 0 || !this.circumstances.isServing()) return;
    const { entries } = await this.entriesOf(due.map(([name]) => name));
    const behind = due.flatMap(([name, { version }]) => {
      const entry = entries.get(name);
      // Measured against the truth of then: the present one may be on its way to the cache right now.
      return entry !== undefined && entry.version < version ? [{ name, entry }] : [];
    });
    if (behind.length === 0) return;
    const { truths, times } = await this.reader.readMany(behind.map(({ name }) => name));
    walk.repaired += await this.circumstances.ofBehind(truths, times, this.circumstances.permit());
    truths.forEach((truth, index) => {
      const entry = behind[index]?.entry;
      if (entry !== undefined) walk.note(driftOf('behind', entry, truth, this.circumstances.nowMs()));
    });
  }
}

/** Takes out up to a step of suspects that were seen long enough ago. */
function takeDue(suspects: Map<string, Suspect>, dueBeforeMs: number): [string, Suspect][] {
  const due: [string, Suspect][] = [];
  for (const [name, suspect] of suspects) {
    if (suspect.seenAtMs > dueBeforeMs || due.length === NAMES_IN_STEP) break;
    suspects.delete(name);
    due.push([name, suspect]);
  }
  return due;
}
