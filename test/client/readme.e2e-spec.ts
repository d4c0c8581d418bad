import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withService } from '../support/service.js';

const run = promisify(execFile);
const CLIENT = fileURLToPath(new URL('../../client', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
/** Where the examples say the service is. */
const URL_IN_EXAMPLES = 'http://127.0.0.1:3000';

/** What each block of the README prints, in order. */
const PRINTED = [
  '1 1',
  ['9', '0 0 null', 'seats 0', 'out_of_bounds', '0'].join('\n'),
  '2\ntrue 2 null\npage:/live 1 2',
  "true [ 'https://blog.example.org' ]\nblog true",
  'true',
];

const service = withService({ ending: () => rm(folder, { recursive: true }) });
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evercount-client-'));
});

describe("the README's code", () => {
  it('compiles against the package as it is published, runs, and prints what it says', async () => {
    await install();
    const readme = await readFile(join(CLIENT, 'README.md'), 'utf8');
    const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
    expect(blocks).toHaveLength(PRINTED.length);

    const names = blocks.map((_, index) => `example-${index}`);
    for (const [index, code] of blocks.entries()) {
      await writeFile(join(folder, `${names[index]}.ts`), code.replaceAll(URL_IN_EXAMPLES, service.app.url));
    }
    const sources = names.map((name) => `${name}.ts`);
    const options = '--ignoreConfig --module nodenext --target es2022 --lib es2022,dom --strict'.split(' ');
    await compiled([...options, ...sources]);

    for (const [index, name] of names.entries()) {
      const { stdout } = await run(process.execPath, [`${name}.js`], { cwd: folder });
      expect(stdout.trim()).toBe(PRINTED[index]);
    }
  });

  it('fits on two pages', async () => {
    expect((await readFile(join(CLIENT, 'README.md'))).length).toBeLessThan(6_144);
  });
});

/** Puts what the package publishes where an import of its name finds it. */
async function install(): Promise<void> {
  const home = join(folder, 'node_modules', 'evercount-client');
  await mkdir(home, { recursive: true });
  await cp(join(CLIENT, 'package.json'), join(home, 'package.json'));
  await compiled(['-p', CLIENT, '--outDir', join(home, 'dist', 'esm')]);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
}

async function compiled(args: readonly string[]): Promise<void> {
  await run(process.execPath, [TSC, ...args], { cwd: folder }).catch((error: unknown) => {
    throw new Error((error as { stdout?: string }).stdout, { cause: error });
  });
}
