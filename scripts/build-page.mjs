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

/** The main script comes in parts: what the first look needs, and what is fetched after it (views/later.tsx). */
const ENTRIES = ['main.tsx', 'style.css', 'icon.svg', 'icon-alarm.svg'];
/** Stands in the page itself, so it shares nothing with the others; the service allows it by its hash. */
const HEAD = 'head.ts';

/** @type {import('esbuild').BuildOptions} */
const OPTIONS = {
  outdir: TARGET,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  // The first that know light-dark().
  target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
  legalComments: 'none',
  logLevel: 'warning',
};

export async function buildPage() {
  // Imported here: a fresh clone has no dependencies while this file is read.
  const { build } = await import('esbuild');
  rmSync(TARGET, { recursive: true, force: true });
  mkdirSync(TARGET, { recursive: true });
  const { metafile } = await build({
    ...OPTIONS,
    entryPoints: ENTRIES.map((name) => join(SOURCES, name)),
    format: 'esm',
    splitting: true,
    metafile: true,
  });
  const { outputFiles } = await build({
    ...OPTIONS,
    entryPoints: [join(SOURCES, HEAD)],
    format: 'iife',
    write: false,
  });
  let html = readFileSync(join(SOURCES, 'index.html'), 'utf8');
  const preloads = [];
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
    const address = `/assets/${basename(path)}`;
    // What the parts share would be fetched after them, if the page did not say so.
    if (entryPoint === undefined) preloads.push(`<link rel="modulepreload" href="${address}" />`);
    else html = html.replaceAll(`./${basename(entryPoint)}`, address);
  }
  html = html.replace('<link rel="modulepreload" />', preloads.join('\n    '));
  html = html.replace(`<script src="./${HEAD}"></script>`, () => `<script>${outputFiles[0].text.trim()}</script>`);
  writeFileSync(join(TARGET, 'index.html'), html);
  for (const name of readdirSync(TARGET)) {
    const content = readFileSync(join(TARGET, name));
    writeFileSync(join(TARGET, `${name}.br`), brotliCompressSync(content));
    writeFileSync(join(TARGET, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
