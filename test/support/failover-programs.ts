/**
 * Programs for a cluster that fails over by itself: those of this machine, else Debian's packages, installed as
 * Chromium's is, with no service started.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installDebian } from '../../src/embedded/debian-packages.js';

/** Folders that are not on everyone's PATH. */
const MORE_FOLDERS = ['/usr/bin', '/usr/local/bin', '/usr/sbin'];

/** Where Debian has each version of Postgres. */
const VERSIONS = '/usr/lib/postgresql';

/** What Patroni calls; the package for Node has not all of it. */
const POSTGRES_PROGRAMS = [
  'postgres',
  'initdb',
  'pg_ctl',
  'pg_basebackup',
  'pg_rewind',
  'pg_controldata',
  'pg_isready',
];

export interface FailoverPrograms {
  readonly patroni: string;
  readonly etcd: string;
  readonly haproxy: string;
  /** A folder with all of Postgres' programs. */
  readonly postgres: string;
}

/**
 * Finds all of them; what has to be fetched is fetched.
 *
 * @param say told what is fetched, when something is
 * @throws Error naming what there is not
 */
export function findFailoverPrograms(say: (line: string) => void): FailoverPrograms {
  return {
    patroni: findOrInstall('patroni', () => programOf('patroni'), say),
    etcd: findOrInstall('etcd-server', () => programOf('etcd'), say),
    haproxy: findOrInstall('haproxy', () => programOf('haproxy'), say),
    postgres: findOrInstall('postgresql', folderOfPostgres, say),
  };
}

function findOrInstall(name: string, find: () => string | null, say: (line: string) => void): string {
  const found = find() ?? (installDebian(name, say) ? find() : null);
  if (found === null) throw new Error(`Debian's package ${name} is needed: "apt-get install ${name}"`);
  return found;
}

function programOf(name: string): string | null {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return [...path, ...MORE_FOLDERS].map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}

function folderOfPostgres(): string | null {
  if (!existsSync(VERSIONS)) return null;
  const folders = readdirSync(VERSIONS)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(VERSIONS, version, 'bin'));
  return folders.find((folder) => POSTGRES_PROGRAMS.every((name) => existsSync(join(folder, name)))) ?? null;
}
