import { type Command, Option } from 'commander';
import type { Cell, Terminal } from './terminal.js';

export const FORMATS = ['table', 'json', 'csv'] as const;

/** How a result is printed: for people, for programs, for spreadsheets. */
export type Format = (typeof FORMATS)[number];

export interface OutputOptions<F extends string = Format> {
  readonly output: F;
  readonly json?: boolean;
}

/** Adds the options of a command whose result may be wanted in several forms. */
export function withOutput(command: Command, formats: readonly string[] = FORMATS): Command {
  const [first] = formats;
  return command
    .addOption(new Option('--output <format>', 'how to print the result').choices(formats).default(first))
    .option('--json', 'the same as --output json');
}

/** How the result is to be printed, by either of the two options. */
export function formatOf<F extends string>({ output, json }: OutputOptions<F>): F | 'json' {
  return json === true ? 'json' : output;
}

/** Prints records that have the same members, a row for each; as JSON all of what they are made from. */
export function printRecords(
  terminal: Terminal,
  format: Format,
  records: { readonly head: readonly string[]; readonly rows: readonly (readonly Cell[])[]; readonly json: unknown },
): void {
  switch (format) {
    case 'json':
      terminal.printJson(records.json);
      return;
    case 'csv':
      for (const row of [records.head, ...records.rows]) terminal.print(csvLine(row));
      return;
    case 'table':
      terminal.printTable(records.head, records.rows);
  }
}

/** One line of RFC 4180; what is null is empty. */
export function csvLine(cells: readonly Cell[]): string {
  return cells
    .map((cell) => {
      const text = cell === null ? '' : String(cell);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
}
