/** `npm run torture`: installs and builds what is missing, then breaks it. Options: see test/torture/main.ts. */
import { checkNode, ensureBuilt, ensureInstalled, run } from './setup.mjs';

checkNode();
for (const step of [ensureInstalled, ensureBuilt]) {
  const code = await step();
  if (code !== 0) process.exit(code);
}
const program = ['--import', './test/support/run-typescript.mjs', 'test/torture/main.ts'];
process.exitCode = await run(process.execPath, [...program, ...process.argv.slice(2)]);
