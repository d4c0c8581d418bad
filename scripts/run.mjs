/** Runs a program of the tools, such as `npm run torture`: installs and builds what is missing, then starts it. */
import { prepare, run } from './setup.mjs';

const [program, ...args] = process.argv.slice(2);

await prepare({ development: true });
process.exitCode = await run(process.execPath, ['--import', './test/support/run-typescript.mjs', program, ...args]);
