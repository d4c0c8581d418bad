/** The package as it is published, in programs of each kind that may install it. */
import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { publint } from 'publint';
import { scratchFolder } from '../support/scratch.js';
import { FaultyService } from './faulty-service.js';

const run = promisify(execFile);
const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const CLIENT = at('client');
const TSC = at('node_modules/typescript/bin/tsc');

/** What a page may cost its readers for a counter. */
const MAX_BUNDLE_BYTES = 5_000;

let tarball: string;
let service: FaultyService;
beforeAll(async () => {
  const folder = await scratchFolder();
  const { stdout } = await npm(['pack', '--json', '--pack-destination', folder], CLIENT);
  // What its own build prints comes first.
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [{ filename: string }];
  tarball = join(folder, filename);
  service = await FaultyService.start();
});
afterAll(() => service.stop());

function npm(args: readonly string[], cwd: string): Promise<{ stdout: string }> {
  return run('npm', [...args, '--offline', '--no-audit', '--no-fund', '--loglevel=error'], { cwd });
}

/** A project that has installed the package, and nothing else. */
async function project(type: 'module' | 'commonjs', files: Record<string, string> = {}): Promise<string> {
  const folder = await scratchFolder();
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'scratch', private: true, type }));
  await npm(['install', tarball], folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

describe('what is published', () => {
  it('is what publint expects of a package', async () => {
    const data = await readFile(tarball);
    const { messages } = await publint({ pack: { tarball: new Uint8Array(data).buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  it('has types that are right for every way to resolve them', async () => {
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(tarball))));
    expect(result.types).toMatchObject({ kind: 'included' });
    expect('problems' in result ? result.problems : null).toEqual([]);
  });

  it('has a licence, a log of its changes, a repository, and none of its sources', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    const files = stdout.trim().split('\n');
    for (const name of ['LICENSE', 'CHANGELOG.md', 'README.md']) expect(files).toContain(`package/${name}`);
    expect(files.filter((name) => /(?<!\.d)\.ts$|tsconfig/.test(name))).toEqual([]);
    const { repository, version } = JSON.parse(await readFile(join(CLIENT, 'package.json'), 'utf8')) as {
      repository: unknown;
      version: string;
    };
    expect(repository).toMatchObject({ type: 'git', directory: 'client' });
    expect(await readFile(join(CLIENT, 'CHANGELOG.md'), 'utf8')).toContain(`\n## ${version}\n`);
  });
});

it('says what to do where what builds it is not installed, as after the first start of a clone', async () => {
  const folder = await scratchFolder();
  await copyFile(join(CLIENT, 'build.mjs'), join(folder, 'build.mjs'));
  await expect(run(process.execPath, [join(folder, 'build.mjs')])).rejects.toMatchObject({
    stderr: expect.stringMatching(/^Not installed: typescript\/bin\/tsc, react, .*"npm install --no-package-lock" in /),
  });
});

it('would be published as it is', async () => {
  // It says so on the other stream, and asks nobody.
  await expect(npm(['publish', '--dry-run', tarball], CLIENT)).resolves.toMatchObject({
    stdout: expect.stringContaining('+ evercount-client@'),
  });
});

describe('counts', () => {
  const PROGRAM = `
    const counters = new Evercount({ url: process.argv[2] });
    counters.increment('a').then(({ name }) => console.log(name));
    new Keys(counters).get('..').catch(({ name }) => console.log(name));
  `;

  it.each([
    ['import', 'module', "import { Evercount } from 'evercount-client'; import { Keys } from 'evercount-client/keys';"],
    [
      'require',
      'commonjs',
      "const { Evercount } = require('evercount-client'); const { Keys } = require('evercount-client/keys');",
    ],
  ] as const)('by %s', async (_, type, head) => {
    const folder = await project(type, { 'main.js': head + PROGRAM });
    expect((await run(process.execPath, ['main.js', service.url], { cwd: folder })).stdout).toBe('NotFound\na\n');
  });
});

describe('compiles without the types of browsers and of Node', () => {
  const PROGRAM = `
    import { Evercount, OutOfBounds, type Signal } from 'evercount-client';
    import { Keys } from 'evercount-client/keys';
    import { watch, type Change } from 'evercount-client/watch';
    export const labelOf = async (counters: Evercount, id: string): Promise<string> => (await new Keys(counters).get(id)).label;
    export async function main(signal: Signal): Promise<number> {
      const counters = new Evercount({ url: 'http://localhost', headers: () => ({ traceparent: '' }), onTry: ({ tookMs }) => tookMs });
      for await (const change of watch(counters, { names: ['a'], signal })) {
        const known: Change = change;
        if (known.kind === 'change') return known.counter.value;
      }
      const problem: unknown = null;
      return problem instanceof OutOfBounds ? problem.faults.length : (await counters.summary()).count;
    }
  `;
  const KINDS = [
    ['node16', 'module', ['node16', 'node16']],
    ['node16', 'commonjs', ['node16', 'node16']],
    ['nodenext', 'module', ['nodenext', 'nodenext']],
    ['bundler', 'module', ['preserve', 'bundler']],
    ['node10', 'commonjs', ['commonjs', 'node10']],
  ] as const;

  it.each(KINDS)('by %s, a project of type %s', async (_, type, [module, moduleResolution]) => {
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022'],
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      // It will go with TypeScript 7; until then there are projects that use it.
      ...(moduleResolution === 'node10' ? { ignoreDeprecations: '6.0' } : {}),
    };
    const folder = await project(type, {
      'main.ts': PROGRAM,
      'tsconfig.json': JSON.stringify({ compilerOptions, files: ['main.ts'] }),
    });
    const { stdout } = await run(process.execPath, [TSC, '-p', '.'], { cwd: folder }).catch((error: unknown) => ({
      stdout: (error as { stdout: string }).stdout,
    }));
    expect(stdout).toBe('');
  });
});

/** What a program takes of a page, bundled, minified and as servers send it. */
async function sizeOf(program: string): Promise<number> {
  const folder = await project('module', { 'page.js': program });
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'page.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).length;
}

it(`takes less than ${MAX_BUNDLE_BYTES} bytes of a page, gzipped, all of it; what is apart is no part of it`, async () => {
  const whole = await sizeOf("import * as all from 'evercount-client'; globalThis.all = all;");
  expect(whole).toBeGreaterThan(1_000);
  expect(whole).toBeLessThan(MAX_BUNDLE_BYTES);

  const counting = "import { Evercount } from 'evercount-client'; globalThis.counters = new Evercount({ url: '/' });";
  const alone = await sizeOf(counting);
  expect(alone).toBeLessThanOrEqual(whole);
  const more = "import * as keys from 'evercount-client/keys'; import * as live from 'evercount-client/watch';";
  const together = await sizeOf(`${more}${counting} globalThis.more = { keys, live };`);
  expect(together).toBeGreaterThan(alone + 500);
  expect(together).toBeLessThan(alone + 1_500);
});
