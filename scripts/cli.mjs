/** `npm run cli -- …`: installs and builds what is missing, then is `evercount`, the operator's command. */
import { checkNode, ensureBuilt, ensureInstalled } from './setup.mjs';

checkNode();
for (const step of [ensureInstalled, ensureBuilt]) {
  const code = await step();
  if (code !== 0) process.exit(code);
}
await import('../dist/cli/main.js');
