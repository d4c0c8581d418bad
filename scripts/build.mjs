/**
 * `npm run build`: makes `dist` from `src`. It looks at no types, which takes five times as long: `npm test` and
 * `npm run typecheck` do.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, sep } from 'node:path';
import { buildPage } from './build-page.mjs';
import { BUILD_STAMP, ROOT } from './setup.mjs';
import { TYPESCRIPT } from './typescript.mjs';

const SOURCES = join(ROOT, 'src');
const TARGET = join(ROOT, 'dist');

/** A bundle of its own. */
const PAGE = join('dashboard', 'page') + sep;

const startedAt = new Date();
const { transformFile } = await import('@swc/core').catch(() => {
  throw new Error('@swc/core is not installed: it builds, and "npm ci --include=optional" installs it');
});

rmSync(TARGET, { recursive: true, force: true });
await Promise.all([...modules().map(transpile), ...scripts().map(copy), buildPage()]);
writeFileSync(BUILD_STAMP, '');
// What is changed while it is built is built again.
utimesSync(BUILD_STAMP, startedAt, startedAt);

function modules() {
  return files('.ts').filter((name) => !name.endsWith('.spec.ts') && !name.startsWith(PAGE));
}

/** Lua, for Redis. */
function scripts() {
  return files('.lua');
}

function files(extension) {
  return readdirSync(SOURCES, { recursive: true }).filter((name) => extname(name) === extension);
}

async function transpile(name) {
  const { code, map } = await transformFile(join(SOURCES, name), {
    ...TYPESCRIPT,
    module: { type: 'es6' },
    sourceMaps: true,
  });
  const target = join(TARGET, name.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  await writeFile(target, `${code}//# sourceMappingURL=${basename(target)}.map\n`);
  await writeFile(`${target}.map`, map);
}

function copy(name) {
  mkdirSync(dirname(join(TARGET, name)), { recursive: true });
  copyFileSync(join(SOURCES, name), join(TARGET, name));
}
