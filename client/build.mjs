/**
 * `npm run build`: `dist/esm` and `dist/cjs`, the same modules for `import` and for `require`, each with types of its own
 * kind; one for both would be taken for the other by `node16`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const DIST = new URL('dist/', import.meta.url);

const { resolve } = createRequire(import.meta.url);
const NEEDED = ['typescript/bin/tsc', 'react', '@types/react/package.json'];
const missing = NEEDED.filter((name) => {
  try {
    return resolve(name) === '';
  } catch {
    return true;
  }
});
if (missing.length > 0) {
  console.error(
    `Not installed: ${missing.join(', ')}. "npm install --no-package-lock" in ${HERE} brings what it takes.`,
  );
  process.exit(1);
}
const TSC = resolve('typescript/bin/tsc');

const KINDS = [
  ['esm', 'module', ['--module', 'nodenext', '--moduleResolution', 'nodenext']],
  ['cjs', 'commonjs', ['--module', 'commonjs', '--moduleResolution', 'bundler']],
];

rmSync(DIST, { recursive: true, force: true });
for (const [folder, type, options] of KINDS) {
  const { status } = spawnSync(process.execPath, [TSC, '-p', HERE, '--outDir', `${HERE}dist/${folder}`, ...options], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
  mkdirSync(new URL(`${folder}/`, DIST), { recursive: true });
  writeFileSync(new URL(`${folder}/package.json`, DIST), JSON.stringify({ type }));
}
