/** `npm run cli -- …`: installs and builds what is missing, then is `evercount`, the operator's command. */
import { prepare } from './setup.mjs';

await prepare();
await import('../dist/cli/main.js');
