/**
 * Bun, the second runtime of the service, for `RUNTIME=bun npm start`. It is no dependency: it is 100 MB that nobody else
 * needs. What is tested on it, and what differs: docs/bun.md.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npm, ROOT, run, say, seconds } from './setup.mjs';

/** The one that was tested. */
export const BUN_VERSION = '1.4.5';

/** Not among the packages, which npm holds to the lock file; `npm ci` empties this one, too. */
const FOLDER = join(ROOT, 'node_modules', '.cache', `bun-${BUN_VERSION}`);

const PROGRAM = process.platform === 'win32' ? 'bun.exe' : 'bun';

/** As Node does it: the environment is what it is, without `.env` files, and no package is fetched on the way. */
export const BUN_OPTIONS = ['--no-env-file', '--no-install'];

/** Bun sends what it knows of a crash to its makers unless it is told not to. */
export const BUN_ENVIRONMENT = { DO_NOT_TRACK: '1' };

/** The path of Bun's program; null where it is not installed. */
export function findBun() {
  return programIn(FOLDER);
}

/** Installs Bun unless it is there; answers the path of its program, null where that cannot be had. */
export async function ensureBun() {
  const there = findBun();
  if (there !== null) return there;
  const start = performance.now();
  say(`Installing Bun ${BUN_VERSION} for RUNTIME=bun, 100 MB (npm install)`);
  const draft = `${FOLDER}.${process.pid}`;
  try {
    mkdirSync(draft, { recursive: true });
    const [file, ...args] = npm();
    const which = ['install', '--prefix', draft, '--ignore-scripts', `bun@${BUN_VERSION}`];
    const code = await run(file, [...args, ...which, '--no-audit', '--no-fund', '--loglevel=error']);
    if (code !== 0) {
      say(`npm install failed with exit code ${code}; what it printed says why. Without RUNTIME=bun Node is used`);
      return null;
    }
    if (programIn(draft) === null) {
      say(
        `There is no Bun ${BUN_VERSION} for ${process.platform} on ${process.arch}; without RUNTIME=bun Node is used`,
      );
      return null;
    }
    // Another start may have been quicker; then its one serves.
    if (findBun() === null) renameSync(draft, FOLDER);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  say(`Installed in ${seconds(start)}`);
  return findBun();
}

/** npm installs the package of this platform; the scripts that would put its program elsewhere are not run. */
function programIn(folder) {
  const platforms = join(folder, 'node_modules', '@oven');
  if (!existsSync(platforms)) return null;
  const programs = readdirSync(platforms).map((name) => join(platforms, name, 'bin', PROGRAM));
  return programs.find((path) => existsSync(path)) ?? null;
}
