/** The manifests are what Kubernetes takes, fit to each other, and ask of the image what it can do. */
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { readValues } from '../../src/config/variables.js';
import {
  at,
  containersOf,
  documentsIn,
  kustomized,
  type Json,
  type JsonObject,
  type Manifest,
} from '../support/kustomize.js';
import { scratchFolder } from '../support/scratch.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, 'deploy/kubernetes');
const OVERLAYS = readdirSync(join(FOLDER, 'overlays')).map((name) => `overlays/${name}`);
const PLACES = ['base', ...OVERLAYS];

const manifestsOf = (place: string): Manifest[] => kustomized(join(FOLDER, place));
const DOCKERFILE = readFileSync(join(ROOT, 'docker/Dockerfile'), 'utf8');

/** What the secret `evercount-redis` holds, where it is not the address of one server. */
const REDIS_URLS: Readonly<Record<string, string>> = {
  'overlays/redis-cluster': 'redis-cluster://user:password@redis-0.redis:6379,redis-1.redis:6379',
  'overlays/redis-sentinel': 'redis-sentinel://user:password@sentinel-0:26379,sentinel-1:26379/primary',
};

/** Where the schema of a kind is, by its group and version. */
function packageOf(apiVersion: string): string {
  if (apiVersion.startsWith('monitoring.coreos.com/')) return `@kubernetes-models/prometheus-operator/${apiVersion}`;
  if (apiVersion.startsWith('postgresql.cnpg.io/')) return `@kubernetes-models/cloudnative-pg/${apiVersion}`;
  return `kubernetes-models/${apiVersion}`;
}

function one(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as Manifest;
}

const object = (json: Json | undefined): JsonObject => json as JsonObject;
const list = (json: Json | undefined): JsonObject[] => json as JsonObject[];
const text = (json: Json | undefined): string => json as string;

/** Whether labels are what a selector asks for. */
function selects(matchLabels: Json | undefined, labels: Json | undefined): boolean {
  const wanted = Object.entries(object(matchLabels));
  return wanted.length > 0 && wanted.every(([name, value]) => object(labels)[name] === value);
}

const podLabels = (manifest: Manifest) => at(manifest, '/spec/template/metadata/labels');

it.each(PLACES)('%s: every object is valid by the schema of its kind', async (place) => {
  for (const manifest of manifestsOf(place)) {
    const models = (await import(packageOf(manifest.apiVersion))) as Record<
      string,
      new (data: Manifest) => { validate(): void }
    >;
    const Model = models[manifest.kind];
    if (Model === undefined) throw new Error(`${manifest.apiVersion} has no ${manifest.kind}`);
    expect(() => new Model(manifest).validate()).not.toThrow();
  }
});

const kubectl = (...args: readonly string[]) => spawnSync('kubectl', args, { encoding: 'utf8' });
const whereItIs = kubectl('kustomize', '--help').status === 0 ? it : it.skip;

whereItIs.each(PLACES)('%s: Kustomize itself makes of it what these tests do', (place) => {
  const inOrder = (manifests: readonly Manifest[]): Manifest[] => {
    const nameOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
    return [...manifests].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  };
  const made = documentsIn<Manifest>(kubectl('kustomize', join(FOLDER, place)).stdout, place);
  expect(inOrder(made)).toEqual(inOrder(manifestsOf(place)));
});

it('no object has a member that its kind does not know: validation lets them pass, and so would a cluster', async () => {
  const folder = await scratchFolder();
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await mkdir(join(folder, 'manifests'));
  const files = PLACES.flatMap((place) =>
    manifestsOf(place).map((manifest, index) => {
      const source = `import type { I${manifest.kind} } from '${packageOf(manifest.apiVersion)}';\nexport const manifest: I${manifest.kind} = ${JSON.stringify(manifest, null, 2)};\n`;
      return { name: `manifests/${place.replace('/', '-')}-${index}.ts`, source };
    }),
  );
  for (const { name, source } of files) await writeFile(join(folder, name), source);
  const options = '--ignoreConfig --noEmit --strict --skipLibCheck --module preserve --types node --target es2022';
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = await run(process.execPath, [tsc, ...options.split(' '), ...files.map(({ name }) => name)], {
    cwd: folder,
  }).catch((error: unknown) => ({ stdout: (error as { stdout: string }).stdout }));
  expect(stdout).toBe('');
});

describe.each(PLACES)('%s: the objects fit to each other', (place) => {
  const manifests = manifestsOf(place);
  const deployment = one(manifests, 'Deployment');
  const job = one(manifests, 'Job');

  it('whoever selects pods selects those of the service', () => {
    const pods = podLabels(deployment);
    expect(selects(at(deployment, '/spec/selector/matchLabels'), pods)).toBe(true);
    const service = one(manifests, 'Service');
    expect(selects(at(service, '/spec/selector'), pods)).toBe(true);
    // A job is no instance: requests must not go there.
    expect(selects(at(service, '/spec/selector'), podLabels(job))).toBe(false);
    expect(selects(at(one(manifests, 'PodDisruptionBudget'), '/spec/selector/matchLabels'), pods)).toBe(true);
    for (const spread of list(at(deployment, '/spec/template/spec/topologySpreadConstraints'))) {
      expect(selects(at(spread, '/labelSelector/matchLabels'), pods)).toBe(true);
    }
    const network = at(one(manifests, 'NetworkPolicy'), '/spec/podSelector/matchLabels');
    expect([selects(network, pods), selects(network, podLabels(job))]).toEqual([true, true]);
    const monitor = one(manifests, 'ServiceMonitor');
    expect(selects(at(monitor, '/spec/selector/matchLabels'), service.metadata['labels'])).toBe(true);
  });

  it('whoever names a port names one that there is', () => {
    const [container] = containersOf(deployment);
    const ports = list(container?.['ports']);
    const named = (name: Json | undefined) => ports.find((port) => port['name'] === name)?.['containerPort'];
    const service = list(at(one(manifests, 'Service'), '/spec/ports'));
    for (const port of service) expect(named(port['targetPort'])).toBeDefined();
    const names = service.map((port) => port['name']);
    const backend = at(one(manifests, 'Ingress'), '/spec/rules/0/http/paths/0/backend/service');
    expect([at(backend, '/name'), names.includes(at(backend, '/port/name'))]).toEqual(['evercount', true]);
    expect(names).toContain(at(one(manifests, 'ServiceMonitor'), '/spec/endpoints/0/port'));
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      expect(named(at(container, `/${probe}/httpGet/port`))).toBe(3001);
    }
    const open = list(at(one(manifests, 'NetworkPolicy'), '/spec/ingress')).map((rule) => at(rule, '/ports/0/port'));
    expect(open).toEqual([named('http'), named('health')]);
    expect(object(at(one(manifests, 'HorizontalPodAutoscaler'), '/spec/scaleTargetRef'))).toMatchObject({
      kind: 'Deployment',
      name: deployment.metadata.name,
    });
    expect(at(deployment, '/spec/replicas')).toBeUndefined();
  });

  it('instances go away again in every cluster: with a metric that is not known there, none would', () => {
    const metrics = list(at(one(manifests, 'HorizontalPodAutoscaler'), '/spec/metrics'));
    expect(metrics.map(({ type }) => type)).toEqual(['Resource']);
  });

  it('every secret is one by reference, and every file of one that is named is there', () => {
    for (const manifest of [deployment, job]) {
      const [container] = containersOf(manifest);
      const folder = at(container, '/volumeMounts/0/mountPath') as string;
      const sources = list(at(manifest, '/spec/template/spec/volumes/0/projected/sources'));
      const paths = sources.flatMap((source) =>
        list(at(source, '/secret/items')).map(({ path }) => `${folder}/${text(path)}`),
      );
      const asked = list(container?.['env']).filter(({ name }) => text(name).endsWith('_FILE'));
      expect(asked.map(({ value }) => value).sort()).toEqual(paths.sort());
    }
    expect(manifests.map(({ kind }) => kind)).not.toContain('Secret');
    expect(readFileSync(join(FOLDER, 'README.md'), 'utf8')).toContain('| `evercount-redis`');
  });
});

describe.each(PLACES)('%s: what is asked of the image', (place) => {
  const manifests = manifestsOf(place);
  const pods = [one(manifests, 'Deployment'), one(manifests, 'Job')];
  const [service, migrations] = pods.map((manifest) => containersOf(manifest)[0] as JsonObject);

  it('is its user, no right of root, and no file that it writes', () => {
    const [, uid, gid] = /^USER (\d+):(\d+)$/m.exec(DOCKERFILE) ?? [];
    for (const pod of pods) {
      expect(object(at(pod, '/spec/template/spec/securityContext'))).toMatchObject({
        runAsNonRoot: true,
        runAsUser: Number(uid),
        runAsGroup: Number(gid),
        fsGroup: Number(gid),
      });
      expect(at(pod, '/spec/template/spec/automountServiceAccountToken')).toBe(false);
      expect(containersOf(pod)[0]?.['securityContext']).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  it('are variables that it knows, with values that it takes', async () => {
    const folder = await scratchFolder();
    const values = {
      'database-url': 'postgres://evercount@db/evercount',
      'redis-url': REDIS_URLS[place] ?? 'redis://cache',
      'admin-key': 'a-key-of-sixteen-or-more',
      'sentinel-password': 'secret',
    };
    for (const [name, content] of Object.entries(values)) await writeFile(join(folder, name), content);
    for (const container of [service, migrations]) {
      const env = list(container?.['env']).map(({ name, value }) => [
        text(name),
        text(value).replace('/run/secrets/evercount', folder),
      ]);
      const faults: string[] = [];
      const known = readValues(Object.fromEntries(env) as NodeJS.ProcessEnv, faults);
      expect(faults).toEqual([]);
      expect(Object.keys(known).sort()).toEqual(env.map(([name = '']) => name.replace(/_FILE$/, '')).sort());
      // Together too: some are taken beside another one only.
      const nowhere = () => Promise.reject(new Error('no servers of its own'));
      await expect(loadConfig(Object.fromEntries(env) as NodeJS.ProcessEnv, nowhere)).resolves.toBeDefined();
    }
  });

  it('is the port that it listens on, the command that is in it, and the time that its end takes', () => {
    const [, port] = /^EXPOSE (\d+)$/m.exec(DOCKERFILE) ?? [];
    const ports = list(service?.['ports']).map(({ containerPort }) => containerPort);
    const health = list(service?.['env']).find(({ name }) => name === 'HEALTH_PORT')?.['value'];
    expect(ports).toEqual([Number(port), Number(health)]);
    // Signals go to Node, since the image's own command is not replaced.
    expect([service?.['command'], service?.['args']]).toEqual([undefined, undefined]);
    expect(DOCKERFILE).toMatch(/^STOPSIGNAL SIGTERM$/m);
    const [command] = migrations?.['command'] as [string];
    expect(DOCKERFILE).toContain(`/usr/local/bin/${command}\n`);
    const before = Number(at(service, '/lifecycle/preStop/exec/command/1'));
    const grace = Number(at(pods[0], '/spec/template/spec/terminationGracePeriodSeconds'));
    expect(grace - before).toBeGreaterThan(10);
  });

  it('is as long as a migration may take, before a rollout counts as failed', () => {
    const [period, failures] = ['periodSeconds', 'failureThreshold'].map((name) =>
      Number(at(service, `/startupProbe/${name}`)),
    );
    const deadline = Number(at(pods[0], '/spec/progressDeadlineSeconds'));
    expect(deadline).toBeGreaterThan((period ?? NaN) * (failures ?? NaN));
  });

  it('is one image, of one version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect([service, migrations].map((container) => container?.['image'])).toEqual(
      Array(2).fill(`registry.example.org/evercount:${version}`),
    );
  });
});
