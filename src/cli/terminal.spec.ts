/** A table of any length is printed, its columns in line from the first row to the last. */
import { Writable } from 'node:stream';
import { expect, it } from '@jest/globals';
import { Terminal } from './terminal.js';

function printed(rows: readonly (readonly [string, number])[]): string[] {
  const chunks: string[] = [];
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  const terminal = new Terminal({ stdin: process.stdin, stdout, stderr: process.stderr });
  terminal.printTable(['name', 'value'], rows);
  return chunks.join('').trimEnd().split('\n');
}

it('many rows are laid out as few are', () => {
  const rows = Array.from({ length: 2_345 }, (_, at) => [`name ${at}`, at ** 2] as const);
  const wide = [['\u{5bbd}'.repeat(20), 5] as const, ...rows, ['last', 6] as const];
  const lines = printed(wide);
  const few = printed([wide[0] ?? ['', 0], wide.at(-2) ?? ['', 0], ['last', 6]]);
  expect(lines).toHaveLength(1 + wide.length);
  expect([lines[0], lines[1], lines.at(-2), lines.at(-1)]).toEqual(few);
});

it('no rows have a head', () => {
  expect(printed([])).toEqual(['name  value']);
});
