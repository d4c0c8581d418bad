/**
 * Lets a child process of a test run TypeScript of this project as it stands: `node --import` this file. The build is
 * not asked: it may be older than the sources.
 */
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { TYPESCRIPT } from '../../scripts/typescript.mjs';

// The same file is the main thread's entry and the hooks' module.
if (!import.meta.url.endsWith('?hooks')) register(`${import.meta.url}?hooks`);

export async function resolve(specifier, context, next) {
  if (!/^\.{1,2}\/.*\.js$/.test(specifier) || context.parentURL?.includes('/node_modules/')) {
    return next(specifier, context);
  }
  // Sources name each other by the name they have once built.
  return next(specifier.replace(/\.js$/, '.ts'), context).catch(() => next(specifier, context));
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const { code } = await transform(await readFile(fileURLToPath(url), 'utf8'), {
    ...TYPESCRIPT,
    filename: fileURLToPath(url),
    sourceMaps: 'inline',
    module: { type: 'es6' },
  });
  return { format: 'module', source: code, shortCircuit: true };
}
