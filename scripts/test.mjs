/**
 * `npm test`: installs what is missing, finds or fetches the servers, and checks everything. Types, lint and format are
 * looked at beside the tests, with what those leave of the machine. Whatever failed is told again at the end. Arguments
 * go to Jest. The last line counts: `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { checkNode, ensureBuilt, ensureInstalled, ROOT, run, runQuietly, say, seconds } from './setup.mjs';

/** Of what a failed test or check printed: enough to see what is wrong. */
const SHOWN_LINES = 40;

const scratch = mkdtempSync(join(tmpdir(), 'evercount-jest-'));
const resultFile = join(scratch, 'results.json');
const start = performance.now();

/** Leaves the tests what they need; what they leave is enough to be done before them. */
const NICE = 10;

/** Steps that failed, with what they printed where that is not on the screen as it came. */
const failures = [];

const BROWSER = ['--import', './test/support/run-typescript.mjs', 'test/support/fetch-chromium.ts'];
const CHECKS = [
  ['types', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']],
  ['types of the page', ['node_modules/typescript/bin/tsc', '-p', 'src/dashboard/page']],
  ['lint', ['node_modules/eslint/bin/eslint.js', '.']],
  ['format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']],
];

/** Runs a step that is alone on the screen; answers whether it succeeded. */
async function step(name, work) {
  const stepStart = performance.now();
  say(`== ${name}`);
  const code = await work();
  return end(name, code, '', stepStart);
}

/** Runs Node beside other steps; what it prints is shown in one piece when it has ended. */
async function beside(name, args, nice = 0) {
  const stepStart = performance.now();
  const { code, output } = await runQuietly(process.execPath, args, nice);
  return end(name, code, output, stepStart);
}

function end(name, code, output, stepStart) {
  const verdict = code === 0 ? 'done' : `failed with exit code ${code}`;
  say(`${output}== ${name}: ${verdict}, ${seconds(stepStart)}`);
  if (code !== 0) failures.push({ name, code, output });
  return code === 0;
}

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
  return run(process.execPath, [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--json',
    `--outputFile=${resultFile}`,
    ...process.argv.slice(2),
  ]);
}

/** One after the other: together they would take more of the machine than the tests leave. */
async function checks() {
  for (const [name, args] of CHECKS) await beside(name, args, NICE);
}

async function runSteps() {
  if (!(await step('dependencies', () => ensureInstalled({ development: true })))) return;
  say('== browser, beside the next one');
  const [built] = await Promise.all([step('build', ensureBuilt), beside('browser', BROWSER)]);
  if (!built || !(await step('servers', findServers))) return;
  say(`== ${CHECKS.map(([name]) => name).join(', ')}, beside the next one`);
  await Promise.all([step('tests', jest), checks()]);
}

/** What Jest found; null where it did not come so far. */
function results() {
  try {
    return JSON.parse(readFileSync(resultFile, 'utf8'));
  } catch {
    return null;
  }
}

/** Again, though Jest and the checks have told it where it happened: a log is read from its end. */
function tellFailures(found) {
  for (const { name, output } of failures) {
    if (output !== '') tell(name, output.split('\n').slice(-SHOWN_LINES));
  }
  for (const { name, status, assertionResults, message } of found?.testResults ?? []) {
    if (status !== 'failed') continue;
    const path = relative(ROOT, name);
    const failed = assertionResults.filter((result) => result.status === 'failed');
    for (const { fullName, failureMessages } of failed)
      tell(`${path}: ${fullName}`, failureMessages.join('\n').split('\n'));
    // A hook, or the file itself.
    if (failed.length === 0) tell(path, message.split('\n'));
  }
}

function tell(what, lines) {
  say(`FAILED ${what}`);
  const told = lines.map(stripVTControlCharacters).filter((line) => line.trim() !== '');
  for (const line of told.slice(0, SHOWN_LINES)) say(`  ${line}`);
}

/** A file of tests that could not be run counts as one failed test, and so does each other step that failed. */
function counts(found) {
  const { numPassedTests = 0, numFailedTests = 0, numRuntimeErrorTestSuites = 0, numPendingTests = 0 } = found ?? {};
  const tests = numFailedTests + numRuntimeErrorTestSuites;
  const steps = failures.filter(({ name }) => name !== 'tests' || tests === 0).length;
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
  return `${numPassedTests} passed, ${tests + steps} failed${skipped}`;
}

checkNode();
await runSteps();
const found = results();
rmSync(scratch, { recursive: true, force: true });
tellFailures(found);
const verdict = failures.length === 0 ? 'everything passed' : `failed: ${failures.map(({ name }) => name).join(', ')}`;
say(`== ${verdict}, ${seconds(start)} in all`);
say(counts(found));
process.exitCode = failures[0]?.code ?? 0;
