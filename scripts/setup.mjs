/**
 * What `npm start` and `npm test` have in common: from a fresh clone, with nothing but Node and npm, to a build. Uses
 * nothing but Node's own modules: nothing else may be there yet.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** As package.json says in `engines`; Nest 12 loads ES modules by require(). */
const OLDEST_NODE = [20, 19];

/**
 * The optional ones build, and bring up a Postgres. No scripts of packages: none is needed, some compile for a minute,
 * one calls home. No warnings: they are about versions of Node, and were looked at.
 */
const INSTALL_OPTIONS = ['--include=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** A step that takes longer says this often how far it is. */
const HEARTBEAT_MS = 4_000;

/** What a build is made from. */
const BUILD_INPUTS = [
  'src',
  'scripts/build.mjs',
  'scripts/build-page.mjs',
  'scripts/typescript.mjs',
  'package-lock.json',
];

/** Written after a build that succeeded, for one that failed leaves files as well. */
export const BUILD_STAMP = join(ROOT, 'dist', '.built');

const MODULES = join(ROOT, 'node_modules');

/** Holds the hash of the lock file that was installed. */
const INSTALL_STAMP = join(MODULES, '.evercount-lock');

/** There where development dependencies are. */
const DEVELOPMENT = 'jest';

export function say(line) {
  process.stdout.write(`${line}\n`);
}

export function seconds(startMs) {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

/** Ends the process where this Node is too old for what follows. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  say(`evercount needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`);
  say('Install a newer one from https://nodejs.org, or by "nvm install --lts", and try again.');
  process.exit(1);
}

/**
 * Has what a program stands on: this Node, its packages, its build. Ends the process where that cannot be had.
 *
 * @param options of `ensureInstalled`
 */
export async function prepare(options = {}) {
  checkNode();
  for (const step of [() => ensureInstalled(options), ensureBuilt]) {
    const code = await step();
    if (code !== 0) process.exit(code);
  }
}

/** Runs a program to its end, its output on ours; answers its exit code. Nobody is there to answer its questions. */
export function run(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.once('error', (error) => {
      say(`${file} cannot be run: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (code, signal) => resolve(signal === null ? code : 1));
  });
}

/** Runs a program beside others: answers what it printed together with its exit code. `nice`: 0 for none, to 19. */
export function runQuietly(file, args, nice) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.once('error', (error) => resolve({ code: 1, output: `${file} cannot be run: ${error.message}\n` }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
    if (child.pid !== undefined) setPriority(child.pid, nice);
  });
}

/**
 * Installs what package-lock.json names, unless it is installed; answers an exit code.
 *
 * @param development also what only tests and tools need, four times as many packages
 */
export async function ensureInstalled({ development = false } = {}) {
  const lock = join(ROOT, 'package-lock.json');
  const text = readFileSync(lock);
  const hash = createHash('sha256').update(text).digest('hex');
  if (isInstalled(lock, hash, development)) return 0;
  const start = performance.now();
  say(`Installing dependencies${development ? ', those of the tests too' : ''} (npm ci)`);
  const wanted = packagesOf(text, development);
  const heartbeat = setInterval(() => {
    const there = wanted.filter((path) => existsSync(join(ROOT, path, 'package.json'))).length;
    say(`  ${there} of ${wanted.length} packages, ${seconds(start)}`);
  }, HEARTBEAT_MS);
  const [file, ...args] = npm();
  const which = development ? '--include=dev' : '--omit=dev';
  // Named, since npm would look for a workspace in the folders above, and install that one.
  const code = await run(file, [...args, 'ci', '--prefix', ROOT, which, ...INSTALL_OPTIONS]);
  clearInterval(heartbeat);
  if (code !== 0) {
    say(`npm ci failed with exit code ${code}; what it printed says why`);
    return code;
  }
  writeFileSync(INSTALL_STAMP, hash);
  say(`Installed in ${seconds(start)}`);
  return 0;
}

/** The folders of what a lock file has npm install on this machine. */
function packagesOf(lock, development) {
  return Object.entries(JSON.parse(lock).packages).flatMap(([path, { dev, os, cpu }]) => {
    const here = (os?.includes(process.platform) ?? true) && (cpu?.includes(process.arch) ?? true);
    return path !== '' && here && (development || !dev) ? [path] : [];
  });
}

/** By the hash of our own last installation; by the time of npm's, when somebody else installed. */
function isInstalled(lock, hash, development) {
  const installed = join(MODULES, '.package-lock.json');
  if (!existsSync(installed)) return false;
  if (development && !existsSync(join(MODULES, DEVELOPMENT))) return false;
  if (existsSync(INSTALL_STAMP) && readFileSync(INSTALL_STAMP, 'utf8') === hash) return true;
  return statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
}

/** The npm that called us, else the one on the path. */
export function npm() {
  const path = process.env.npm_execpath;
  if (path !== undefined && /npm-cli\.c?js$/.test(path)) return [process.execPath, path];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

/** Builds `dist` unless it is newer than all it is made from; answers an exit code. */
export async function ensureBuilt() {
  const built = existsSync(BUILD_STAMP) ? statSync(BUILD_STAMP).mtimeMs : 0;
  if (BUILD_INPUTS.every((name) => newestMs(join(ROOT, name)) < built)) return 0;
  const start = performance.now();
  say('Building');
  // The stamp of the build before must not outlive a build that fails.
  rmSync(BUILD_STAMP, { force: true });
  const code = await run(process.execPath, ['scripts/build.mjs']);
  if (code !== 0) {
    say(`The build failed with exit code ${code}`);
    return code;
  }
  say(`Built in ${seconds(start)}`);
  return 0;
}

/** When anything in it was last changed; a folder is changed when a file in it is removed. */
function newestMs(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}
