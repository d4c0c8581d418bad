/** What the documents point to is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(ending));

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

const documents = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'SECURITY.md', 'client/README.md', 'bench/notes.md'],
  ...filesBelow('docs', '.md'),
  ...filesBelow('deploy', '.md'),
];

/** As GitHub names the headings of a document in links. */
function anchorsOf(name: string): string[] {
  const headings = [...read(name).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) => {
    const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, '');
    return words.replaceAll(' ', '-');
  });
}

it('every link within the repository leads to a file, and to a heading of it', () => {
  const links = documents.flatMap((name) =>
    [...read(name).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => ({ name, link })),
  );
  const own = links.filter(({ link }) => !/^[a-z]+:/.test(link));
  expect(own.length).toBeGreaterThan(100);
  const broken = own.filter(({ name, link }) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? name : join(dirname(name), path);
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

const specs = [...filesBelow('test', 'spec.ts'), ...filesBelow('src', 'spec.ts')].map((name) =>
  name.replace(/\.(e2e-)?spec\.ts$/, ''),
);

/** As documents name specs: by their paths, below `test/` also without that, by their names, or by their folders. */
const shows = new Set(
  specs.flatMap((path) =>
    [path, dirname(path)].flatMap((place) => [place, place.replace(/^test\//, ''), basename(path)]),
  ),
);

/** Rows of the tables that end with "shown by". */
function failuresOf(name: string): { readonly id: string; readonly shownBy: string }[] {
  const tables = read(name).split(/\n\n/);
  return tables.flatMap((table) => {
    const [head = '', , ...rows] = table.split('\n').filter((line) => line.startsWith('|'));
    if (!/\| shown by +\|$/.test(head)) return [];
    return rows.map((row) => {
      const cells = row.split('|').map((cell) => cell.trim());
      return { id: cells[1] ?? '', shownBy: cells.at(-2) ?? '' };
    });
  });
}

it.each(['ARCHITECTURE.md', 'docs/failures.md'])('every spec that %s names is there', (name) => {
  const named = failuresOf(name).flatMap(({ id, shownBy }) =>
    [...shownBy.matchAll(/`([a-z][a-z0-9/.-]*)`/g)].map(([, spec = '']) => ({ id, spec })),
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(({ spec }) => !shows.has(spec))).toEqual([]);
});

it('every failure of the catalogue has an id of its own', () => {
  const ids = failuresOf('docs/failures.md').map(({ id }) => id);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
});
