import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstKeyNote } from './first-key-note.js';

const KEY = 'ec_the-first';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evercount-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('a terminal is shown the key, once', async () => {
  const said = (await firstKeyNote(KEY, { isTerminal: true, folder })).join('\n');
  expect(said.split(KEY)).toHaveLength(2);
});

it('what may end in a log names a file, which its owner alone may read, whatever was there before', async () => {
  const file = join(folder, 'first-key');
  await writeFile(file, 'of another database', { mode: 0o644 });
  const said = (await firstKeyNote(KEY, { isTerminal: false, folder })).join('\n');
  expect(said).toContain(file);
  expect(said).not.toContain(KEY);
  expect([(await stat(file)).mode & 0o777, await readFile(file, 'utf8')]).toEqual([0o600, `${KEY}\n`]);
});

it('where no file can be written, the key is lost, and what to do is said', async () => {
  const said = (await firstKeyNote(KEY, { isTerminal: false, folder: join(folder, 'missing') })).join('\n');
  expect(said).toContain('keys create');
  expect(said).not.toContain(KEY);
});
