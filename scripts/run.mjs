/** Runs a program of the tools, such as `npm run torture`: installs and builds what is missing, then starts it. */
import { checkNode, ensureBuilt, ensureInstalled, run } from './setup.mjs';

const [program, ...args] = process.argv.slice(2);

checkNode();
for (const step of [() => ensureInstalled({ development: true }), ensureBuilt]) {
  const code = await step();
  if (code !== 0) process.exit(code);
}
process.exitCode = await run(process.execPath, ['--import', './test/support/run-typescript.mjs', program, ...args]);
