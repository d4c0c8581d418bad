#!/usr/bin/env node
/** `evercount`, the operator's command; see docs/cli.md. */
import { run } from './program.js';
import { Terminal } from './terminal.js';

// What reads the output may have seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const terminal = new Terminal(process, process.env['NO_COLOR'] === undefined);
process.exitCode = await run(process.argv.slice(2), process.env, terminal);
