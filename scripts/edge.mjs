/** `npm run edge -- --upstream URL …`: installs and builds what is missing, then counts where the network is not. */
import { checkNode, ensureBuilt, ensureInstalled } from './setup.mjs';

checkNode();
for (const step of [ensureInstalled, ensureBuilt]) {
  const code = await step();
  if (code !== 0) process.exit(code);
}
await import('../dist/edge/main.js');
