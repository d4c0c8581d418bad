/** What `docker compose up` builds and brings up: it is whole, and lets nobody in by a password that everybody knows. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BUN_ENVIRONMENT, BUN_OPTIONS, BUN_VERSION } from '../support/runtime.js';
import { scratchFolder } from '../support/scratch.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const SERVICE = 'docker-compose.yml';
const MONITORING = 'docker/monitoring/docker-compose.yml';

/** The lines of one service, by its name. */
function serviceIn(path: string, name: string): string {
  const [, after = ''] = read(path).split(new RegExp(`^  ${name}:$`, 'm'));
  const [lines = ''] = after.split(/^(?: {2})?\w[\w-]*:$/m);
  return lines;
}

describe.each([SERVICE, MONITORING])('%s', (path) => {
  it('asks for each password, and has none of its own', () => {
    const uses = read(path).match(/\$\{\w*PASSWORD[^}]*\}/g) ?? [];
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((use) => !use.endsWith(':?}'))).toEqual([]);
  });

  it('publishes on loopback alone', () => {
    const ports = [...read(path).matchAll(/^ {4}ports:\n((?: {6}- .+\n)+)/gm)].flatMap(([, lines = '']) =>
      lines.trim().split('\n'),
    );
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.trim().startsWith('- 127.0.0.1:'))).toEqual([]);
  });
});

it.each(['postgres', 'redis'])('%s is reached by the service alone, on a network that leads nowhere', (name) => {
  expect(serviceIn(SERVICE, name)).toMatch(/^ {4}networks: \[servers\]$/m);
  expect(serviceIn(SERVICE, name)).not.toContain('ports:');
  expect(read(SERVICE)).toMatch(/^ {2}servers:\n {4}internal: true$/m);
  expect(read(MONITORING)).not.toMatch(/networks: \[.*\bservers\b/);
});

it('a stop leaves the service the time that it needs to end by itself', () => {
  const [, seconds] = /stop_grace_period: (\d+)s/.exec(serviceIn(SERVICE, 'evercount')) ?? [];
  expect(Number(seconds)).toBeGreaterThan(10);
});

it('the image leaves PORT to its default, since PORT_FILE is refused beside it', () => {
  expect(read('docker/Dockerfile')).not.toMatch(/^ENV .*\bPORT=/m);
});

describe('the health check of the image asks', () => {
  const asked: string[] = [];
  const answer = (port: string) => createServer((_request, response) => (asked.push(port), response.end()));
  const [all, health] = [answer('all'), answer('health')];

  beforeAll(async () => {
    for (const server of [all, health]) await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  afterAll(() => {
    for (const server of [all, health]) server.close();
  });

  const portOf = (server: Server): string => String((server.address() as AddressInfo).port);
  const fileOf = async (text: string): Promise<string> => {
    const file = join(await scratchFolder(), 'port');
    writeFileSync(file, `${text}\n`);
    return file;
  };

  it.each<[string, string, () => Promise<Record<string, string>> | Record<string, string>]>([
    ['the port', 'all', () => ({ PORT: portOf(all) })],
    ['the port that a file names', 'all', async () => ({ PORT_FILE: await fileOf(portOf(all)) })],
    ['that of probes, where there is one', 'health', () => ({ PORT: portOf(all), HEALTH_PORT: portOf(health) })],
    ['the port, where nobody knows that of probes', 'all', () => ({ PORT: portOf(all), HEALTH_PORT: '0' })],
  ])('%s', async (_what, port, env) => {
    asked.length = 0;
    await promisify(execFile)(process.execPath, [join(ROOT, 'docker/healthcheck.mjs')], { env: await env() });
    expect(asked).toEqual([port]);
  });

  it('and says so where nobody answers', async () => {
    const checked = promisify(execFile)(process.execPath, [join(ROOT, 'docker/healthcheck.mjs')], {
      env: { PORT: '1' },
    });
    await expect(checked).rejects.toMatchObject({ code: 1 });
  });
});

it('the image on Bun has the Bun that was tested, and calls it as "npm start" does', () => {
  const [, version, stage = ''] =
    /^FROM oven\/bun:([\d.]+)-slim AS bun\n([^]*?)^FROM /m.exec(read('docker/Dockerfile')) ?? [];
  expect(version).toBe(BUN_VERSION);
  expect(stage).toContain(`CMD ${JSON.stringify(['bun', ...BUN_OPTIONS, 'dist/main.js']).replaceAll(',', ', ')}`);
  for (const [name, value] of Object.entries(BUN_ENVIRONMENT))
    expect(stage).toMatch(new RegExp(`^ENV .*\\b${name}=${value}\\b`, 'm'));
});

it('the service answers by the name that the others call it by', () => {
  const [, names = ''] = /ALLOWED_HOSTS: (\S+)/.exec(serviceIn(SERVICE, 'evercount')) ?? [];
  const [, edge] = /EDGE_UPSTREAM:-http:\/\/([\w.]+):3000/.exec(serviceIn(SERVICE, 'edge')) ?? [];
  const [, prometheus] = /targets: \['([\w.]+):3000'\]/.exec(read('docker/monitoring/prometheus.yml')) ?? [];
  expect([edge, prometheus].filter((name) => !names.split(',').includes(name ?? ''))).toEqual([]);
});

it('the image is built from all that building asks for', async () => {
  const folder = await scratchFolder();
  const [, stage = ''] = /^FROM base AS build\n([^]*?)^FROM /m.exec(read('docker/Dockerfile')) ?? [];
  const copied = ['package.json'];
  for (const [, paths = ''] of stage.matchAll(/^COPY (.+)$/gm)) {
    const sources = paths.split(' ');
    const target = join(folder, sources.pop() ?? '');
    mkdirSync(target, { recursive: true });
    const isFolder = sources.length === 1 && basename(target) === sources[0];
    for (const source of sources)
      cpSync(join(ROOT, source), isFolder ? target : join(target, basename(source)), { recursive: true });
    copied.push(...sources);
  }
  const sent = read('.dockerignore').split('\n');
  expect(copied.filter((path) => !sent.includes(`!${path}`))).toEqual([]);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const { stderr } = await promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: folder });
  expect(stderr).toBe('');
});
