/** The command line of the benchmark. */
import { parseArgs } from 'node:util';

export interface Options {
  readonly quick: boolean;
  /** Keys of contests; empty: all. */
  readonly only: readonly string[];
  readonly seconds: number;
  /** Turns of each entrant where targets are judged, and elsewhere. */
  readonly rounds: number;
  readonly sideRounds: number;
  readonly connections: readonly number[];
  /** Another size of the table in the contest "rows"; null: none. */
  readonly rows: number | null;
  /** Counters that are reconciled. */
  readonly counters: number;
  readonly minutes: number;
  /** Into how many the truth of services is divided; null: nothing is said. */
  readonly buckets: number | null;
  /** With what takes long: ten million rows, history, memory. */
  readonly long: boolean;
  /** Only how good forecasts are. */
  readonly forecast: boolean;
  /** Only what an edge does. */
  readonly edge: boolean;
  /** Only what one more of something keeps in memory. */
  readonly bytesEach: boolean;
  /** Writes docs/benchmarks.md, whatever was run. */
  readonly docs: boolean;
  /** Compares with this commit, and with nobody else; null: with the opponents. */
  readonly against: string | null;
}

export const USAGE = `npm run bench -- [options]
  --quick             who targets are about, at 64 connections: under three minutes; without it, about 20
  --against <commit>  this working tree beside that commit, in turns, at 64 connections: under three minutes
  --only <name,...>   these contests; a wrong name lists them
  --long              with what takes long, too: ten million rows, history, "memory"; a quarter of an hour more
  --forecast          only how good forecasts are, on seeded and public series: about two minutes
  --edge              only what an edge counts, how large what waits is, and how fast it is delivered: about a minute
  --bytes-each        only what a connection, a stream and a waiting write keep in memory, and 100,000 connections at rest:
                      about three minutes
  --docs              write docs/benchmarks.md, which else only a whole run does
  --seconds <n>       length of one turn (1); many short ones see more of a machine's moods than few long ones
  --rounds <n>        turns of each entrant where targets are judged (7, when quick 5, and elsewhere 3), of which the
                      median counts
  --connections <n,...>  clients at once (64 when quick, else 16, 64 and 256)
  --rows <n>          a third table in the contest "rows" (10000000 with --long, else none)
  --counters <n>      how many are reconciled in "upkeep" (1000000)
  --buckets <n>       the truth of each service divided into as many; docs/benchmarks.md is then left alone
  --minutes <n>       how long memory is watched in "memory" (10)

On paper, from what statements cost here: node scripts/run.mjs bench/capacity/main.ts, and bench/scale/main.ts`;

const LONG_ROWS = '10000000';
const ROUNDS = '7';
const QUICK_ROUNDS = '5';
const SIDE_ROUNDS = '3';

/** @throws Error saying what is wrong */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      forecast: { type: 'boolean', default: false },
      edge: { type: 'boolean', default: false },
      'bytes-each': { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      against: { type: 'string' },
      seconds: { type: 'string', default: '1' },
      rounds: { type: 'string' },
      connections: { type: 'string' },
      rows: { type: 'string' },
      counters: { type: 'string', default: '1000000' },
      buckets: { type: 'string' },
      minutes: { type: 'string', default: '10' },
    },
  });
  const { docs, long, only, forecast, edge } = values;
  const against = values.against ?? null;
  const quick = values.quick || against !== null;
  const rows = values.rows ?? (long ? LONG_ROWS : undefined);
  return {
    quick,
    forecast,
    edge,
    bytesEach: values['bytes-each'],
    docs,
    long,
    against,
    only: only.split(',').filter((name) => name !== ''),
    seconds: wholeNumber('seconds', values.seconds),
    rounds: wholeNumber('rounds', values.rounds ?? (quick ? QUICK_ROUNDS : ROUNDS)),
    sideRounds: wholeNumber('rounds', values.rounds ?? SIDE_ROUNDS),
    connections: (values.connections ?? (quick ? '64' : '16,64,256'))
      .split(',')
      .map((text) => wholeNumber('connections', text)),
    rows: rows === undefined ? null : wholeNumber('rows', rows),
    counters: wholeNumber('counters', values.counters),
    buckets: values.buckets === undefined ? null : wholeNumber('buckets', values.buckets),
    minutes: wholeNumber('minutes', values.minutes),
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${option} takes a whole number from 1, not "${text}"`);
  return Number(text);
}
