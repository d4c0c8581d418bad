/**
 * `npm run compile`: makes `dist/evercount`, one file that is service and command line, and Bun besides. Installs and builds
 * what is missing.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { BUN_ENVIRONMENT, BUN_OPTIONS, ensureBun } from './bun.mjs';
import { prepare, ROOT, run, say } from './setup.mjs';

const MIB = 2 ** 20;

await prepare();
const bun = await ensureBun();
if (bun === null) process.exit(1);
const code = await run(bun, [...BUN_OPTIONS, join(ROOT, 'scripts', 'one-file.mjs')], {
  env: { ...process.env, ...BUN_ENVIRONMENT },
});
if (code !== 0) process.exit(code);
const file = join(ROOT, 'dist', 'evercount');
say(`Compiled ${file}, ${Math.round(statSync(file).size / MIB)} MiB: "evercount serve", and "evercount --help"`);
