import type { Condition, ConditionKind, Track, Turn, WatchState } from '../../domain/watch.js';

/** What a counter did within ten seconds; or, where nothing was written, what it is. */
export interface Sight {
  /** When the first and the last of it was written, or when it was looked at; ms since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly highest: number;
  readonly lowest: number;
  readonly last: number;
}

/** One counter of a watch that may turn, as it was before. */
export interface Candidate {
  readonly watchId: string;
  readonly name: string;
  readonly kind: ConditionKind;
  readonly condition: Condition;
  readonly hysteresis: number;
  readonly holdMs: number;
  readonly muted: boolean;
  readonly notify: readonly string[];
  readonly label: string;
  /** Null: it has none yet. */
  readonly track: Track | null;
  readonly told: WatchState | null;
  readonly turns: number;
  readonly dueMs: number | null;
  /** In order of time; the last of them null: the counter is no longer there. */
  readonly sights: readonly (Sight | null)[];
  /** Whether its time had come, rather than something written. */
  readonly isDue: boolean;
}

/** What became of a candidate. */
export interface Judged {
  readonly candidate: Candidate;
  readonly track: Track;
  readonly told: WatchState | null;
  /** Each with what was observed then; null: nothing. */
  readonly turns: readonly (Turn & { readonly observed: number | null })[];
  readonly dueMs: number | null;
  /** What webhooks are to be told. */
  readonly messages: readonly Message[];
}

/** A message to one webhook. */
export interface Message {
  /** The same whenever the same turn is found again. */
  readonly id: string;
  readonly webhookId: string;
  readonly type: string;
  readonly body: string;
}

/** Decides, without a look at anything else. */
export type Judge = (candidates: readonly Candidate[], seen: Seen) => readonly Judged[];

export interface Seen {
  /** By the database's clock, ms since 1970. */
  readonly nowMs: number;
  /** What each counter of a `rate` was before its length began, by `baselineKey`; null: not known. */
  readonly baselines: ReadonlyMap<string, number | null>;
}

export const baselineKey = (name: string, over: string): string => `${over} ${name}`;

/** SQL of a time as milliseconds since 1970. */
export const millis = (time: string): string => `(extract(epoch FROM ${time}) * 1000)::float8`;

/** Of a watch `w` and its track `s`, what a candidate holds. */
export const OF_WATCH = `w.id AS watch_id, w.kind, w.condition, w.hysteresis::float8 AS hysteresis, w.hold_ms::float8 AS hold_ms,
  w.muted, w.notify, w.label, s.state, ${millis('s.since')} AS since_ms, s.pending,
  ${millis('s.pending_since')} AS pending_since_ms, s.told, coalesce(s.turns, 0)::int AS turns, ${millis('s.due_at')} AS due_ms`;

export interface CandidateRow {
  readonly now_ms: number;
  readonly complete?: boolean;
  readonly watch_id: string | null;
  readonly name: string;
  readonly first_ms: number | null;
  readonly last_ms: number | null;
  readonly highest: number | null;
  readonly lowest: number | null;
  readonly last: number | null;
  readonly ended: boolean;
  readonly kind: ConditionKind;
  readonly condition: Condition;
  readonly hysteresis: number;
  readonly hold_ms: number;
  readonly muted: boolean;
  readonly notify: string[];
  readonly label: string;
  readonly state: WatchState | null;
  readonly since_ms: number | null;
  readonly pending: 'ok' | 'firing' | null;
  readonly pending_since_ms: number | null;
  readonly told: WatchState | null;
  readonly turns: number;
  readonly due_ms: number | null;
}

/** The rows of one counter of one watch lie beside each other, in order of time. */
export function candidatesOf(rows: readonly CandidateRow[], isDue: boolean): Candidate[] {
  const found: (Omit<Candidate, 'sights'> & { sights: (Sight | null)[] })[] = [];
  for (const row of rows) {
    if (row.watch_id === null) continue;
    let candidate = found.at(-1);
    if (candidate?.watchId !== row.watch_id || candidate.name !== row.name) {
      candidate = { ...candidateOf(row), isDue, sights: [] };
      found.push(candidate);
    }
    candidate.sights.push(sightOf(row));
  }
  return found;
}

function sightOf({ ended, first_ms: firstMs, last_ms: lastMs, highest, lowest, last }: CandidateRow): Sight | null {
  if (ended || firstMs === null || lastMs === null || highest === null || lowest === null || last === null) return null;
  return { firstMs, lastMs, highest, lowest, last };
}

export function candidateOf(row: CandidateRow): Candidate {
  const { state, since_ms: sinceMs, pending, pending_since_ms: pendingSinceMs } = row;
  return {
    watchId: row.watch_id ?? '',
    name: row.name,
    kind: row.kind,
    condition: row.condition,
    hysteresis: row.hysteresis,
    holdMs: row.hold_ms,
    muted: row.muted,
    notify: row.notify,
    label: row.label,
    track:
      state === null || sinceMs === null
        ? null
        : {
            state,
            sinceMs,
            pending: pending === null || pendingSinceMs === null ? null : { to: pending, sinceMs: pendingSinceMs },
          },
    told: row.told,
    turns: row.turns,
    dueMs: row.due_ms,
    sights: [],
    isDue: false,
  };
}
