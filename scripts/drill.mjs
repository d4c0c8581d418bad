/** `npm run drill`: installs and builds what is missing, then runs the flush drill on a deployment; --help tells how. */
import { checkNode, ensureBuilt, ensureInstalled, say } from './setup.mjs';

checkNode();
for (const step of [ensureInstalled, ensureBuilt]) {
  const code = await step();
  if (code !== 0) process.exit(code);
}
const { drillCommand } = await import('../dist/cli/drill-command.js');
process.exitCode = await drillCommand(process.argv.slice(2), say);
