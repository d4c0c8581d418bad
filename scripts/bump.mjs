/**
 * `npm run bump`: turns the files of .changeset into the next version, and says it wherever it stands. What it changed is
 * to be looked at and committed; a tag of that name then publishes it (.github/workflows/publish.yml).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkNode, ROOT, run, say } from './setup.mjs';

/** Not among the dependencies: whoever only builds and tests need not have it. */
const CHANGESETS = '@changesets/cli@2.29.7';

/** Places of the version, and what stands before it there. */
const PLACES = [
  ['package-lock.json', /(?<="name": "evercount",\s+"version": ")[^"]+/g],
  ['client/package.json', /(?<=^ {2}"version": ")[^"]+/gm],
  ['deploy/kubernetes/base/kustomization.yaml', /(?<=newTag: )\S+/g],
];

const CLIENT_LOG = 'client/CHANGELOG.md';

checkNode();
const code = await run('npx', ['--yes', CHANGESETS, 'version']);
if (code !== 0) process.exit(code);
const { version } = JSON.parse(read('package.json'));
for (const [name, place] of PLACES) write(name, read(name).replace(place, version));
const log = read(CLIENT_LOG);
if (!log.includes(`\n## ${version}\n`)) {
  const entry = log.includes('\n## Unreleased\n') ? '' : 'No changes but those of the service.\n\n';
  write(
    CLIENT_LOG,
    entry === ''
      ? log.replace('\n## Unreleased\n', `\n## ${version}\n`)
      : log.replace('\n## ', `\n## ${version}\n\n${entry}## `),
  );
}
say(`This is ${version} now; look at what has changed, and commit it`);

function read(name) {
  return readFileSync(join(ROOT, name), 'utf8');
}

function write(name, text) {
  writeFileSync(join(ROOT, name), text);
}
