/**
 * `npm run --silent sbom`: the bill of materials of what runs in production, as CycloneDX, by the lock file. npm's own way
 * to leave out what only tests need also leaves out what these have in common with the service; so it is asked about a
 * project that has no such dependencies.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './setup.mjs';

const folder = mkdtempSync(join(tmpdir(), 'evercount-sbom-'));
try {
  const all = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const production = { ...all, devDependencies: {}, optionalDependencies: {} };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(production));
  copyFileSync(join(ROOT, 'package-lock.json'), join(folder, 'package-lock.json'));
  npm('install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--silent');
  process.stdout.write(npm('sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'));
} finally {
  rmSync(folder, { recursive: true });
}

function npm(...args) {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  if (status !== 0) throw new Error(`npm ${args[0]} failed: ${stderr}`);
  return stdout;
}
