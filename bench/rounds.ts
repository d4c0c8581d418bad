/** Runs a contest: in rounds, in which everybody has a turn, so that a machine's moods fall on all of them. */
import { inPostgres } from './arena.js';
import type { Contest } from './contests.js';
import type { Entrant, Field } from './entrants.js';
import type { Cores, Measurement } from './measurement.js';

export interface EntrantResult {
  readonly key: string;
  readonly label: string;
  /** Increments in a request. */
  readonly items: number;
  readonly rounds: readonly Measurement[];
  /** Each figure by itself. */
  readonly median: Measurement;
}

export interface ContestResult {
  readonly key: string;
  readonly title: string;
  readonly about: string;
  readonly connections: number;
  readonly entrants: readonly EntrantResult[];
}

export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
  /** Before the first round, so that code is compiled and connections are there. */
  readonly warmUpSeconds: number;
}

/** @param done called after each entrant's turn */
export async function runContest(
  contest: Contest,
  { arena }: Field,
  connections: number,
  pace: Pace,
  done: (entrant: Entrant, measured: Measurement) => void,
): Promise<ContestResult> {
  const { key, title, about, entrants } = contest;
  for (const entrant of entrants) await entrant.prepare();
  await contest.setUp?.();
  try {
    const rounds = entrants.map((): Measurement[] => []);
    for (const entrant of entrants) await entrant.run(connections, pace.warmUpSeconds);
    // A checkpoint that falls due meanwhile would fall on somebody.
    await inPostgres((await arena.postgres()).url, (client) => client.query('CHECKPOINT'));
    for (let round = 0; round < pace.rounds; round += 1) {
      for (const [index, entrant] of entrants.entries()) {
        const measured = await entrant.run(connections, pace.seconds);
        rounds[index]?.push(measured);
        done(entrant, measured);
      }
    }
    return { key, title, about, connections, entrants: entrants.map((entrant, i) => resultOf(entrant, rounds[i])) };
  } finally {
    await contest.tearDown?.();
  }
}

function resultOf({ key, label, items }: Entrant, rounds: readonly Measurement[] = []): EntrantResult {
  const middle = (field: Exclude<keyof Measurement, 'cores'>) => median(rounds.map((round) => round[field]));
  const cores = (role: keyof Cores): number | null => {
    const known = rounds.map((round) => round.cores[role]).filter((value) => value !== null);
    return known.length === 0 ? null : median(known);
  };
  return {
    key,
    label,
    items,
    rounds,
    median: {
      requests: middle('requests'),
      seconds: middle('seconds'),
      perSecond: middle('perSecond'),
      p50Ms: middle('p50Ms'),
      p99Ms: middle('p99Ms'),
      p999Ms: middle('p999Ms'),
      // One failure is one too many.
      failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
      cores: {
        server: cores('server'),
        postgres: cores('postgres'),
        redis: cores('redis'),
        generator: cores('generator'),
      },
    },
  };
}

/** Increments or reads a second of one entrant over those of another: round by round, and of these the median. */
export function ratioOf({ entrants }: ContestResult, one: string, other: string): number | null {
  const [a, b] = [one, other].map((key) => entrants.find((entrant) => entrant.key === key));
  if (a === undefined || b === undefined) return null;
  const ratios = a.rounds.map(
    ({ perSecond }, round) => (perSecond * a.items) / ((b.rounds[round]?.perSecond ?? NaN) * b.items),
  );
  return median(ratios);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
