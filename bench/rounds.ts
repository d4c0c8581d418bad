/** Runs a contest: in rounds, in which everybody has a turn, so that a machine's moods fall on all of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inPostgres, loneCommitMs } from './postgres.js';
import { type Contest, JUDGED_CONNECTIONS } from './contest.js';
import type { Entrant, Field } from './entrants.js';
import type { Cores, Measurement } from './measurement.js';
import { median } from './median.js';
import { type Speed, speedOf } from './speed.js';

/** What the turn before left unanswered, when its clients hung up, is done by then. */
const SETTLE_MS = 100;

export interface EntrantResult {
  readonly key: string;
  readonly label: string;
  /** Whose throughput its share is of. */
  readonly base: string;
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
  /** Whether targets are judged by it. */
  readonly judged: boolean;
  /** What a lone commit took, where that was made to differ; else null. */
  readonly commitMs: number | null;
  /** The machine's own, before the first round. */
  readonly speed: Speed;
  readonly entrants: readonly EntrantResult[];
}

export interface Pace {
  /** Where targets are judged, and elsewhere. */
  readonly rounds: number;
  readonly sideRounds: number;
  readonly seconds: number;
  /** Before the first round, so that code is compiled and connections are there. */
  readonly warmUpSeconds: number;
}

/** @param done called after each entrant's turn */
export async function runContest(
  contest: Contest,
  { arena, generator }: Field,
  connections: number,
  pace: Pace,
  done: (entrant: Entrant, measured: Measurement) => void,
): Promise<ContestResult> {
  const { key, title, about, judged, entrants } = contest;
  for (const entrant of entrants) await entrant.prepare();
  await contest.setUp?.();
  const { url } = await arena.postgres();
  try {
    const commitMs = contest.setUp === undefined ? null : await loneCommitMs(await arena.opponentsDatabase());
    const rounds = entrants.map((): Measurement[] => []);
    for (const entrant of entrants) await entrant.run(connections, pace.warmUpSeconds);
    const speed = await speedOf(arena, generator);
    // A checkpoint that falls due meanwhile would fall on somebody.
    await inPostgres(url, (client) => client.query('CHECKPOINT'));
    const count = judged && connections === JUDGED_CONNECTIONS ? pace.rounds : pace.sideRounds;
    const seconds = Math.max(pace.seconds, contest.leastSeconds ?? 0);
    for (let round = 0; round < count; round += 1) {
      const turns = [...entrants.entries()];
      // There and back again: what comes and goes slowly falls on neighbours alike.
      for (const [index, entrant] of round % 2 === 0 ? turns : turns.reverse()) {
        await sleep(SETTLE_MS);
        const measured = await entrant.run(connections, seconds);
        rounds[index]?.push(measured);
        done(entrant, measured);
      }
    }
    const first = entrants[0]?.key ?? '';
    const results = entrants.map((entrant, index) => resultOf(entrant, entrant.base ?? first, rounds[index]));
    return { key, title, about, connections, judged, commitMs, speed, entrants: results };
  } finally {
    await contest.tearDown?.();
  }
}

function resultOf({ key, label, items }: Entrant, base: string, rounds: readonly Measurement[] = []): EntrantResult {
  const middle = (field: Exclude<keyof Measurement, 'cores'>) => median(rounds.map((round) => round[field]));
  const cores = (role: keyof Cores): number | null => {
    const known = rounds.map((round) => round.cores[role]).filter((value) => value !== null);
    return known.length === 0 ? null : median(known);
  };
  return {
    key,
    label,
    base,
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

/** Increments or reads a second of one entrant over those of another, round by round; none where one is missing. */
export function ratiosOf({ entrants }: ContestResult, one: string, other: string): number[] {
  const [a, b] = [one, other].map((key) => entrants.find((entrant) => entrant.key === key));
  if (a === undefined || b === undefined) return [];
  return a.rounds.map(
    ({ perSecond }, round) => (perSecond * a.items) / ((b.rounds[round]?.perSecond ?? NaN) * b.items),
  );
}
