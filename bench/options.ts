/** The command line of the benchmark. */
import { parseArgs } from 'node:util';

export interface Options {
  readonly quick: boolean;
  /** Keys of contests; empty: all. */
  readonly only: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: readonly number[];
  /** Another size of the table in the contest "rows"; null: none. */
  readonly rows: number | null;
  /** Counters that are reconciled. */
  readonly counters: number;
  readonly minutes: number;
  /** With what takes long: a table of ten million rows, upkeep, memory. */
  readonly long: boolean;
  /** Writes docs/benchmarks.md, whatever was run. */
  readonly docs: boolean;
}

export const USAGE = `npm run bench -- [options]
  --quick             the main contests at 64 connections, in about 4 minutes; all of it takes about 50
  --only <name,...>   these contests; a wrong name lists them
  --seconds <n>       length of one run (2 when quick, else 5)
  --rounds <n>        turns of each entrant, of which the median counts (3)
  --connections <n,...>  clients at once (64 when quick, else 16, 64 and 256)
  --long              with what takes long, too: ten million rows, "upkeep" and "memory"; half an hour more
  --rows <n>          a third table in the contest "rows" (10000000 with --long, else none)
  --counters <n>      how many are reconciled in "upkeep" (1000000)
  --minutes <n>       how long memory is watched in "memory" (10)
  --docs              write docs/benchmarks.md, which else only a whole run does`;

const LONG_ROWS = '10000000';

/** @throws Error saying what is wrong */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      seconds: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      connections: { type: 'string' },
      rows: { type: 'string' },
      counters: { type: 'string', default: '1000000' },
      minutes: { type: 'string', default: '10' },
    },
  });
  const { quick, docs, long, only } = values;
  const rows = values.rows ?? (long ? LONG_ROWS : undefined);
  return {
    quick,
    docs,
    long,
    only: only.split(',').filter((name) => name !== ''),
    seconds: wholeNumber('seconds', values.seconds ?? (quick ? '2' : '5')),
    rounds: wholeNumber('rounds', values.rounds),
    connections: (values.connections ?? (quick ? '64' : '16,64,256'))
      .split(',')
      .map((text) => wholeNumber('connections', text)),
    rows: rows === undefined ? null : wholeNumber('rows', rows),
    counters: wholeNumber('counters', values.counters),
    minutes: wholeNumber('minutes', values.minutes),
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${option} takes a whole number from 1, not "${text}"`);
  return Number(text);
}
