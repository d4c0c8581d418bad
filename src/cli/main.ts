#!/usr/bin/env node
/** `evercount`, the operator's command; see docs/cli.md. */
import { EXIT } from './exit-codes.js';
import { run } from './program.js';
import { Terminal } from './terminal.js';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // What reads the output may have seen enough, as `head` does.
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`error: standard output cannot be written: ${error.message}\n`);
  process.exit(EXIT.failed);
});
// Nobody is left to be told.
process.stderr.on('error', () => undefined);

const terminal = new Terminal(process, process.env['NO_COLOR'] === undefined);
process.exitCode = await run(process.argv.slice(2), process.env, terminal);
