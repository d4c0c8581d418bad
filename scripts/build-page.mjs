/**
 * Bundles the dashboard's page from src/dashboard/page into dist/dashboard/page: names that change with the content,
 * and each file compressed beside itself, so that the service compresses nothing while it serves.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const SOURCES = fileURLToPath(new URL('../src/dashboard/page/', import.meta.url));
const TARGET = fileURLToPath(new URL('../dist/dashboard/page/', import.meta.url));

/** Each is a file of its own: the theme is set before anything is painted, so it must not wait for the rest. */
const ENTRIES = ['main.tsx', 'theme.ts', 'style.css', 'icon.svg', 'icon-alarm.svg'];

export async function buildPage() {
  // Imported here: a fresh clone has no dependencies while this file is read.
  const { build } = await import('esbuild');
  rmSync(TARGET, { recursive: true, force: true });
  mkdirSync(TARGET, { recursive: true });
  const { metafile } = await build({
    entryPoints: ENTRIES.map((name) => join(SOURCES, name)),
    outdir: TARGET,
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    // The first that know light-dark().
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  let html = readFileSync(join(SOURCES, 'index.html'), 'utf8');
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint === undefined) continue;
    html = html.replaceAll(`./${basename(entryPoint)}`, `/assets/${basename(path)}`);
  }
  writeFileSync(join(TARGET, 'index.html'), html);
  for (const name of readdirSync(TARGET)) {
    const content = readFileSync(join(TARGET, name));
    writeFileSync(join(TARGET, `${name}.br`), brotliCompressSync(content));
    writeFileSync(join(TARGET, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
