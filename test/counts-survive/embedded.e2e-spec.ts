import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startEmbeddedServers, type EmbeddedServers } from '../../src/embedded/embedded-servers.js';
import { endLeftover } from '../../src/embedded/leftovers.js';
import { isRunning, parseIdentity, type ProcessIdentity } from '../../src/embedded/process-identity.js';
import { eventually } from '../support/eventually.js';
import { scratchFolder } from '../support/scratch.js';

const here = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

/** Data as the first start leaves them: to make a database takes most of a start. */
let template: string;

let folder: string;
let dataDir: string;
let said: string[];
let services: ChildProcess[];
let started: EmbeddedServers[];

beforeAll(async () => {
  template = await scratchFolder();
  const servers = await startEmbeddedServers(join(template, '.data'), () => undefined);
  await servers.stop();
});

afterAll(() => rm(template, { recursive: true }));

beforeEach(async () => {
  folder = await scratchFolder();
  dataDir = join(folder, '.data');
  await run('cp', ['-a', join(template, '.data'), dataDir]);
  said = [];
  services = [];
  started = [];
});

afterEach(async () => {
  await Promise.all(started.map((servers) => servers.stop()));
  for (const service of services) service.kill('SIGKILL');
  // Only a test that failed leaves any.
  for (const name of ['postgres', 'redis']) await endLeftover(join(dataDir, `${name}.pid`), 'SIGKILL');
  await rm(folder, { recursive: true });
});

async function start(): Promise<EmbeddedServers> {
  const servers = await startEmbeddedServers(dataDir, (line) => said.push(line));
  started.push(servers);
  return servers;
}

/** Starts them in a process of their own, which can be killed. */
async function startService(environment: NodeJS.ProcessEnv = {}) {
  const args = [
    '--import',
    join(here, '../support/run-typescript.mjs'),
    join(here, '../support/embedded-service.ts'),
    dataDir,
  ];
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, args, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  services.push(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += String(text)));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await eventually(() => /^(ready|failed) .*$/m.test(output));
  const ready = /^ready (.*)$/m.exec(output)?.[1];
  const urls = ready === undefined ? null : (JSON.parse(ready) as Pick<EmbeddedServers, 'databaseUrl' | 'redisUrl'>);
  return { child, ended, output: () => output, databaseUrl: urls?.databaseUrl ?? '', redisUrl: urls?.redisUrl ?? '' };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

const keep = (url: string) => query(url, 'CREATE TABLE kept AS SELECT 15 AS n');
const kept = (url: string) => query(url, 'SELECT n FROM kept');

async function ping(url: string): Promise<string> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.ping();
  } finally {
    client.disconnect();
  }
}

function identity(name: string): ProcessIdentity {
  const found = parseIdentity(readFileSync(join(dataDir, `${name}.pid`), 'utf8'));
  if (found === null) throw new Error(`${name}.pid names no process`);
  return found;
}

function runs(name: string): boolean {
  try {
    return isRunning(identity(name));
  } catch {
    return false;
  }
}

describe('embedded servers', () => {
  it('keep every count over an orderly stop, and none of their processes', async () => {
    const first = await start();
    await keep(first.databaseUrl);
    await first.stop();
    expect([runs('postgres'), runs('redis')]).toEqual([false, false]);
    const second = await start();
    await expect(kept(second.databaseUrl)).resolves.toEqual([15]);
    await expect(ping(second.redisUrl)).resolves.toBe('PONG');
    await second.stop();
  });

  it('keep every count over SIGKILL of everything at once', async () => {
    const service = await startService();
    await keep(service.databaseUrl);
    for (const pid of [service.child.pid ?? 0, identity('postgres').pid, identity('redis').pid]) {
      process.kill(pid, 'SIGKILL');
    }
    await service.ended;
    const again = await start();
    await expect(kept(again.databaseUrl)).resolves.toEqual([15]);
    await again.stop();
  });

  it('sync every commit to the disk, and tell only this machine', async () => {
    const servers = await start();
    const settings =
      "SELECT setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')";
    await expect(query(servers.databaseUrl, settings)).resolves.toEqual(['on', 'on', 'on']);
    await expect(query(servers.databaseUrl, 'SHOW listen_addresses')).resolves.toEqual(['127.0.0.1']);
    await servers.stop();
  });

  it('let nobody in without the password, which only its owner can read', async () => {
    const servers = await start();
    const wrong = (url: string) => url.replace(/:[^:@/]+@/, ':wrong@');
    await expect(kept(wrong(servers.databaseUrl))).rejects.toThrow(/password/);
    await expect(ping(wrong(servers.redisUrl))).rejects.toThrow();
    expect((await stat(join(dataDir, 'postgres.password'))).mode & 0o077).toBe(0);
    await servers.stop();
  });

  it('are reached whatever the shell says of another Postgres', async () => {
    const shell = { PGSSLMODE: 'require', PGOPTIONS: '-c search_path=elsewhere', PGTARGETSESSIONATTRS: 'read-only' };
    const { output, databaseUrl } = await startService(shell);
    expect(output()).toContain('ready');
    expect(await query(databaseUrl, 'SELECT 1')).toEqual([1]);
  });

  it('die with a service that is killed', async () => {
    const service = await startService();
    const [postgres, redis] = [identity('postgres'), identity('redis')];
    service.child.kill('SIGKILL');
    await service.ended;
    await eventually(() => !isRunning(postgres) && !isRunning(redis));
  });

  it('that outlived their service are ended by the next start, and no count is lost', async () => {
    // No setpriv on the path: nothing tells the children that their parent died.
    const service = await startService({ PATH: '/nowhere' });
    await keep(service.databaseUrl);
    const [postgres, redis] = [identity('postgres'), identity('redis')];
    service.child.kill('SIGKILL');
    await service.ended;
    expect([isRunning(postgres), isRunning(redis)]).toEqual([true, true]);

    const next = await start();
    expect(said.filter((line) => line.includes('left behind'))).toHaveLength(2);
    expect([isRunning(postgres), isRunning(redis)]).toEqual([false, false]);
    await expect(kept(next.databaseUrl)).resolves.toEqual([15]);
    await next.stop();
  });

  it('never end a stranger that was given the id of a server of ours', async () => {
    await (await start()).stop();
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    services.push(stranger);
    const started = 'another boot/1';
    for (const name of ['postgres', 'redis']) {
      writeFileSync(join(dataDir, `${name}.pid`), JSON.stringify({ pid: stranger.pid, started }));
    }
    await (await start()).stop();
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  it('refuse a second service for the same data, and go on serving the first', async () => {
    const service = await startService();
    await expect(start()).rejects.toThrow(`already runs with the data in ${dataDir} (process ${service.child.pid})`);
    const second = await startService();
    expect(second.output()).toMatch(/^failed evercount already runs/m);
    await expect(second.ended).resolves.toBe(1);
    await keep(service.databaseUrl);
    await expect(ping(service.redisUrl)).resolves.toBe('PONG');
  });

  it('start where the last service died without giving the folder free', async () => {
    await writeLock('');
    await (await start()).stop();
    await writeLock(JSON.stringify({ pid: process.pid, started: 'another boot/1' }));
    await (await start()).stop();
  });

  it('refuse data of another major version in words, leave it as it was, and give the folder free', async () => {
    const first = await start();
    await keep(first.databaseUrl);
    await first.stop();
    const versionFile = join(dataDir, 'postgres/PG_VERSION');
    const version = await readFile(versionFile, 'utf8');
    writeFileSync(versionFile, '99\n');
    await expect(start()).rejects.toThrow(/made by Postgres 99, and only \d+ .* is here.*Install Postgres 99, or move/);
    writeFileSync(versionFile, version);
    const second = await start();
    await expect(kept(second.databaseUrl)).resolves.toEqual([15]);
    await second.stop();
  });

  it('are started again on the same ports when they are killed, with every count', async () => {
    const servers = await start();
    await keep(servers.databaseUrl);
    process.kill(identity('postgres').pid, 'SIGKILL');
    process.kill(identity('redis').pid, 'SIGKILL');
    await eventually(() => said.includes('Postgres runs again') && said.includes('Redis runs again'));
    await expect(kept(servers.databaseUrl)).resolves.toEqual([15]);
    await expect(ping(servers.redisUrl)).resolves.toBe('PONG');
    expect(said).toContain('Postgres ended by itself (SIGKILL); starting it again');
    await servers.stop();
    expect([runs('postgres'), runs('redis')]).toEqual([false, false]);
  });

  it('outlive a Ctrl-C until the service that drains tells them to stop', async () => {
    const service = await startService();
    const group = -(service.child.pid ?? 0);
    process.kill(group, 'SIGINT');
    await expect(service.ended).resolves.toBe(0);
    expect(service.output()).toContain('drained');
    expect(service.output()).not.toContain('ended by itself');
  });

  it('work in a folder that only its owner may enter', async () => {
    await chmod(folder, 0o700);
    const servers = await start();
    await keep(servers.databaseUrl);
    await servers.stop();
    const again = await start();
    await expect(kept(again.databaseUrl)).resolves.toEqual([15]);
    await again.stop();
  });

  it('do not run as root', async () => {
    const servers = await start();
    const uids = ['postgres', 'redis'].map((name) => /^Uid:\s+(\d+)/m.exec(status(identity(name).pid))?.[1]);
    expect(uids).not.toContain('0');
    await servers.stop();
  });

  it('begin anew where the making of the database was interrupted', async () => {
    await rm(dataDir, { recursive: true });
    await mkdir(join(dataDir, 'postgres.new/data'), { recursive: true });
    writeFileSync(join(dataDir, 'postgres.new/data/PG_VERSION'), '15');
    writeFileSync(join(dataDir, 'postgres.password'), 'of an interrupted start');
    const servers = await start();
    await keep(servers.databaseUrl);
    await servers.stop();
  });
});

const status = (pid: number) => readFileSync(`/proc/${pid}/status`, 'utf8');

const writeLock = (text: string) => writeFile(join(dataDir, 'service.pid'), text);
