/** What somebody sees who has just cloned the project, and has started it for the first time or the second. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { scratchFolder } from '../support/scratch.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An installation that takes as long as somebody lets it. */
const SLOW_NPM = `
const { existsSync } = require('node:fs');
setInterval(() => existsSync('go-on') && process.exit(), 50);
`;

/** Runs an expression with `setup`, the module, in scope; answers what is printed, as it comes. */
function withSetup(root: string, expression: string, env: NodeJS.ProcessEnv = {}) {
  const program = `import * as setup from ${JSON.stringify(join(root, 'scripts/setup.mjs'))}; ${expression}`;
  return runNode(['--input-type=module', '--eval', program], env);
}

function runNode(args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], ...env } });
  let output = '';
  let code: number | null | undefined;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  child.once('close', (found) => (code = found));
  return { output: () => output, code: () => code, signal: (signal: NodeJS.Signals) => child.kill(signal) };
}

/** An npm that installs a Bun, which tells how it was called and ends by a signal. */
const NPM_WITH_BUN = `
const { mkdirSync, writeFileSync } = require('node:fs');
const folder = process.argv[process.argv.indexOf('--prefix') + 1] + '/node_modules/@oven/bun-for-here/bin';
mkdirSync(folder, { recursive: true });
const bun = "process.on('SIGTERM', () => process.exit(7)); console.log('called with', ...process.argv.slice(2)); setInterval(() => {}, 1000)";
writeFileSync(folder + '/bun', '#!' + process.execPath + '\\n' + bun, { mode: 0o755 });
`;

/** A project with these scripts, and nothing else. */
async function emptyProject(): Promise<string> {
  const root = await scratchFolder();
  cpSync(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true });
  return root;
}

it('an installation that takes long says again and again how far it is', async () => {
  const root = await emptyProject();
  const lock = { packages: { '': {}, 'node_modules/a': {}, 'node_modules/b': {}, 'node_modules/c': { dev: true } } };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(lock));
  mkdirSync(join(root, 'node_modules/a'), { recursive: true });
  writeFileSync(join(root, 'node_modules/a/package.json'), '{}');
  const npm = join(root, 'npm-cli.cjs');
  writeFileSync(npm, SLOW_NPM);

  const { output, code } = withSetup(root, 'process.exitCode = await setup.ensureInstalled()', { npm_execpath: npm });
  await eventually(() => output().match(/1 of 2 packages/g)?.length === 2);
  writeFileSync(join(root, 'go-on'), '');
  await eventually(() => code() === 0);
  expect(output()).toMatch(/^Installing dependencies \(npm ci\)\n[^]*\nInstalled in [\d.]+ s\n$/);
  // At least every five seconds, on a machine that is not held up.
  const [, ms = ''] =
    /^const HEARTBEAT_MS = ([\d_]+);$/m.exec(readFileSync(join(ROOT, 'scripts/setup.mjs'), 'utf8')) ?? [];
  expect(Number(ms.replace('_', ''))).toBeLessThan(5_000);
});

it('what was built, by whichever command, is not built again until something changes', async () => {
  const root = await emptyProject();
  mkdirSync(join(root, 'src/dashboard/page'), { recursive: true });
  for (const page of ['main.tsx', 'head.ts', 'style.css', 'icon.svg', 'icon-alarm.svg', 'index.html']) {
    writeFileSync(join(root, 'src/dashboard/page', page), '');
  }
  writeFileSync(join(root, 'src/main.ts'), 'export const one: number = 1;');
  writeFileSync(join(root, 'package-lock.json'), '{}');
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const built = async (): Promise<string> => {
    const { output, code } = withSetup(root, 'process.exitCode = await setup.ensureBuilt()');
    await eventually(() => code() !== undefined);
    expect(code()).toBe(0);
    return output();
  };

  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root });
  expect(readFileSync(join(root, 'dist/main.js'), 'utf8')).toMatch(/^export const one = 1;\n/);
  expect(await built()).toBe('');
  const soon = new Date(Date.now() + 1_000);
  utimesSync(join(root, 'src/main.ts'), soon, soon);
  expect(await built()).toMatch(/^Building\nBuilt in/);
});

it('on Bun the service runs where RUNTIME asks for it: Bun is fetched once, and signals reach the service', async () => {
  const root = await emptyProject();
  mkdirSync(join(root, 'node_modules'));
  mkdirSync(join(root, 'src'));
  mkdirSync(join(root, 'dist'));
  for (const name of ['package-lock.json', 'node_modules/.package-lock.json', 'dist/.built']) {
    writeFileSync(join(root, name), '{}');
  }
  const soon = new Date(Date.now() + 1_000);
  utimesSync(join(root, 'dist/.built'), soon, soon);
  const npm = join(root, 'npm-cli.cjs');
  writeFileSync(npm, NPM_WITH_BUN);
  const start = (RUNTIME: string) =>
    runNode(['--max-semi-space-size=64', join(root, 'scripts/start.mjs')], { RUNTIME, npm_execpath: npm });

  const called = `called with --no-env-file --no-install ${join(root, 'dist/main.js')}\n`;
  for (const before of [/^Installing Bun [\d.]+ .*\nInstalled in [\d.]+ s\n$/, /^$/]) {
    const { output, code, signal } = start('bun');
    await eventually(() => output().endsWith(called));
    expect(output().replace(called, '')).toMatch(before);
    signal('SIGTERM');
    await eventually(() => code() === 7);
  }
  const { output, code } = start('deno');
  await eventually(() => code() === 78);
  expect(output()).toMatch(/^RUNTIME: "deno" .* node or bun.*\n$/);
});
