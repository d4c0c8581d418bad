/**
 * `npm test`: installs what is missing, finds or fetches the servers, and checks everything; stops at the first step
 * that fails, with its exit code. Arguments go to Jest. The last line counts: `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, run, say, seconds } from './setup.mjs';

const node = (...args) => run(process.execPath, args);
const scratch = mkdtempSync(join(tmpdir(), 'evercount-jest-'));
const resultFile = join(scratch, 'results.json');

const STEPS = [
  ['dependencies', ensureInstalled],
  ['build', ensureBuilt],
  ['servers', findServers],
  ['browser', () => node('--import', './test/support/run-typescript.mjs', 'test/support/fetch-chromium.ts')],
  ['types', () => node('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json')],
  ['types of the page', () => node('node_modules/typescript/bin/tsc', '-p', 'src/dashboard/page')],
  ['lint', () => node('node_modules/eslint/bin/eslint.js', '.')],
  ['format', () => node('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.')],
  ['tests', jest],
];

/** Before the tests, which would each find out by themselves: what has to be fetched is fetched once and in sight. */
async function findServers() {
  const { findPostgres } = await import('../dist/embedded/postgres-programs.js');
  const { findRedis } = await import('../dist/embedded/redis-program.js');
  try {
    const postgres = findPostgres(null, say);
    const redis = findRedis(say);
    say(`Postgres ${postgres.major} (${postgres.where}), ${redis.version} (${redis.where})`);
    return 0;
  } catch (error) {
    say(error.message);
    return 1;
  }
}

function jest() {
  return node(
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--json',
    `--outputFile=${resultFile}`,
    ...process.argv.slice(2),
  );
}

/** Jest's counts; a file of tests that could not be run counts as one failed test. */
function counts() {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = JSON.parse(
    readFileSync(resultFile, 'utf8'),
  );
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
  return `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed${skipped}`;
}

async function runSteps() {
  const start = performance.now();
  for (const [name, step] of STEPS) {
    const stepStart = performance.now();
    say(`== ${name}`);
    const code = await step();
    say(`== ${name}: ${code === 0 ? 'done' : `failed with exit code ${code}`}, ${seconds(stepStart)}`);
    if (code !== 0) return { code, failed: name, start };
  }
  return { code: 0, failed: null, start };
}

checkNode();
const { code, failed, start } = await runSteps();
say(`== ${failed === null ? 'everything passed' : `stopped at "${failed}"`}, ${seconds(start)} in all`);
let last = '0 passed, 1 failed';
try {
  last = counts();
} catch {
  // A step before the tests failed, or Jest itself did: there are no counts, and that step is what failed.
}
rmSync(scratch, { recursive: true, force: true });
say(last);
process.exitCode = code;
