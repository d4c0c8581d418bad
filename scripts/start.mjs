/**
 * `npm start`: installs and builds what is missing, then is the service: in this very process, so that signals reach
 * it.
 */
import { checkNode, ensureBuilt, ensureInstalled } from './setup.mjs';

checkNode();
for (const step of [ensureInstalled, ensureBuilt]) {
  const code = await step();
  if (code !== 0) process.exit(code);
}
await import('../dist/main.js');
