/** `npm run edge -- --upstream URL …`: installs and builds what is missing, then counts where the network is not. */
import { prepare } from './setup.mjs';

await prepare();
await import('../dist/edge/main.js');
