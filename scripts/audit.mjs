/**
 * `npm run audit`: whether any dependency that runs in production is known to be dangerous. Fails on a finding, from
 * `high` on, and on nothing else: where the registry gives no answer it says so, and the next run looks again.
 */
import { spawnSync } from 'node:child_process';

const REGISTRY_PATIENCE_MS = 60_000;

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  encoding: 'utf8',
  timeout: REGISTRY_PATIENCE_MS,
  shell: process.platform === 'win32',
});

/** What npm found by severity; null where it found nothing out. */
function severities() {
  try {
    return JSON.parse(stdout).metadata?.vulnerabilities ?? null;
  } catch {
    return null;
  }
}

const found = severities();
if (found === null) {
  console.log('audit: skipped, the registry gave no answer');
} else {
  const list = Object.entries(found).map(([severity, count]) => `${count} ${severity}`);
  console.log(`audit of what runs in production: ${list.join(', ')}`);
  if (found.high + found.critical > 0) {
    console.log('"npm audit --omit=dev" tells which, and "npm audit fix" what helps');
    process.exitCode = 1;
  }
}
