/** What the manifests say is run as it stands: roles, migrations, variables, probes, and the end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { freePort } from '../../src/embedded/free-port.js';
import { startAppProcess } from '../support/app.js';
import { BUCKETS_ENVIRONMENT } from '../support/buckets.js';
import { CounterCalls } from '../support/counter-calls.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { at, containersOf, type JsonObject, kustomized, type Manifest } from '../support/kustomize.js';
import { scratchFolder } from '../support/scratch.js';
import { withServers } from '../support/service.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ADMIN_KEY = 'a-key-of-sixteen-or-more';
const PASSWORD = 'theirs';

const manifests = kustomized(join(ROOT, 'deploy/kubernetes/overlays/cloudnative-pg'));
const one = (kind: string): Manifest => manifests.find((manifest) => manifest.kind === kind) as Manifest;
const [service, migrations] = [one('Deployment'), one('Job')].map((pod) => containersOf(pod)[0] as JsonObject);

const servers = withServers({ ownPostgres: true });
let secrets: string;

/** As the operator sets a database up that is made of this cluster; then the passwords, which are in secrets. */
beforeAll(async () => {
  secrets = await scratchFolder();
  const { database, owner, postInitApplicationSQL } = at(one('Cluster'), '/spec/bootstrap/initdb') as {
    database: string;
    owner: string;
    postInitApplicationSQL: string[];
  };
  await asSuperuser('postgres', [`CREATE ROLE ${owner} LOGIN`, `CREATE DATABASE ${database} OWNER ${owner}`]);
  await asSuperuser(database, postInitApplicationSQL);
  const role = at(one('Cluster'), '/spec/managed/roles/0/name') as string;
  await asSuperuser(
    database,
    [owner, role].map((name) => `ALTER ROLE ${name} PASSWORD '${PASSWORD}'`),
  );

  for (const [folder, user] of [
    ['service', role],
    ['migrations', owner],
  ] as const) {
    await mkdir(join(secrets, folder));
    const url = `postgres://${user}:${PASSWORD}@127.0.0.1:${servers.postgres.port}/${database}`;
    await writeFile(join(secrets, folder, 'database-url'), url);
  }
  await writeFile(join(secrets, 'service', 'redis-url'), servers.redis.url);
  await writeFile(join(secrets, 'service', 'admin-key'), ADMIN_KEY);
});

async function asSuperuser(database: string, statements: readonly string[]): Promise<void> {
  const url = new URL(servers.postgres.url);
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The variables of a container, with its secrets where they are here. */
function environmentOf(container: JsonObject | undefined, folder: string): Record<string, string> {
  const env = container?.['env'] as { name: string; value: string }[];
  return Object.fromEntries(
    env.map(({ name, value }) => [name, value.replace('/run/secrets/evercount', join(secrets, folder))]),
  );
}

it('the service, which may not migrate, listens once the job has done it, shows its metrics, and ends in time', async () => {
  const image = { ...environmentOf(service, 'service'), HOST: '0.0.0.0' };
  const HEALTH_PORT = String(await freePort());
  const healthUrl = `http://127.0.0.1:${HEALTH_PORT}`;
  const [, ...args] = migrations?.['command'] as string[];
  const job = spawn(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args], {
    env: { ...BUCKETS_ENVIRONMENT, ...environmentOf(migrations, 'migrations') },
    stdio: 'ignore',
  });
  const [app, ended] = await Promise.all([
    startAppProcess({ databaseUrl: '', redisUrl: '', env: { ...image, HEALTH_PORT } }),
    once(job, 'exit'),
  ]);
  expect(ended).toEqual([0, null]);
  const probed = async (probe: string): Promise<number> => {
    const path = at(service, `/${probe}/httpGet/path`) as string;
    return (await send(healthUrl, 'GET', path)).status;
  };
  expect([await probed('startupProbe'), await probed('livenessProbe')]).toEqual([200, 200]);
  await eventually(async () => (await probed('readinessProbe')) === 200);
  const monitor = at(one('ServiceMonitor'), '/spec/endpoints/0/path') as string;
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const metrics = await send(healthUrl, 'GET', monitor, { headers });
  const autoscaler = await readFile(join(ROOT, 'deploy/kubernetes/base/autoscaler.yaml'), 'utf8');
  const [, offered = ''] = /name: (evercount_\w+)/.exec(autoscaler) ?? [];
  expect(metrics.body).toMatch(new RegExp(`^${offered} \\d+$`, 'm'));
  expect((await new CounterCalls(app.url).increment('a')).status).toBe(401);
  expect((await send(app.url, 'POST', '/v1/counters/a/increment', { headers })).status).toBe(200);
  expect(await app.stop()).toEqual({ code: 0, signal: null });
});
