/**
 * Programs from Debian's packages, for machines that have apt and nothing else. They are unpacked into a folder of
 * ours and not installed: no service is started, nothing of the system changes, and no rights are needed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import { isRoot } from './user.js';

export interface Unpacked {
  /** Stands for `/` of the packages. */
  readonly root: string;
  /** Lets their programs find their libraries. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A mirror that hangs must not hang the start for ever. */
const APT_TIMEOUT_MS = 300_000;

type Say = (line: string) => void;

/** Fetches and unpacks `name` with what it needs and this machine lacks; null where apt cannot. Kept for later starts. */
export function unpackDebian(name: string, say: Say): Unpacked | null {
  const root = join(cacheFolder(), `debian-${name}`);
  if (!existsSync(root) && !fetchTo(root, name, say)) return null;
  return { root, environment: { LD_LIBRARY_PATH: libraryFolders(root).join(':') } };
}

function fetchTo(root: string, name: string, say: Say): boolean {
  if (process.platform !== 'linux' || !runs('apt-get', ['--version']) || !runs('dpkg', ['--version'])) return false;
  say(`Fetching ${name} from Debian's packages`);
  refreshLists();
  const packages = missingPackages(name);
  if (packages.length === 0) return false;
  const draft = `${root}.${process.pid}`;
  const archives = join(draft, '.archives');
  mkdirSync(archives, { recursive: true });
  try {
    if (!runs('apt-get', ['download', ...packages], archives)) return false;
    say(`Unpacking ${packages.join(', ')}`);
    const all = readdirSync(archives).filter((file) => file.endsWith('.deb'));
    if (!all.every((file) => runs('dpkg', ['-x', join(archives, file), draft]))) return false;
    rmSync(archives, { recursive: true });
    renameSync(draft, root);
    return true;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Only root may refresh the lists; without it, those at hand have to do. */
function refreshLists(): void {
  const prefix = rootPrefix();
  if (prefix !== null) runs('env', [...prefix, 'apt-get', 'update']);
}

/** What installing it would install, by a simulation, which anyone may run. */
function missingPackages(name: string): string[] {
  const simulation = ['--simulate', '--no-install-recommends', 'install', name];
  const { stdout } = spawnSync('apt-get', simulation, { encoding: 'utf8', env: aptEnvironment() });
  return [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, found]) => found ?? '');
}

/** The last resort: installs `name`, as root or by sudo without a password, and keeps its service from starting. */
export function installDebian(name: string, say: Say): boolean {
  const prefix = rootPrefix();
  if (prefix === null || !runs('apt-get', ['--version'])) return false;
  say(`Installing ${name} from Debian's packages`);
  refreshLists();
  // Debian's maintainer scripts start no service in run level 1.
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', name];
  return runs('env', [...prefix, 'env', 'RUNLEVEL=1', ...install]);
}

/** What to put before a command so that root runs it: nothing, or sudo; null when we cannot act as root. */
function rootPrefix(): string[] | null {
  if (isRoot()) return [];
  return runs('sudo', ['--non-interactive', 'true']) ? ['sudo', '--non-interactive'] : null;
}

function libraryFolders(root: string): string[] {
  const folders: string[] = [];
  for (const parent of ['lib', 'usr/lib'].map((name) => join(root, name)).filter((name) => existsSync(name))) {
    for (const entry of readdirSync(parent)) if (/^[a-z0-9_]+-linux-/.test(entry)) folders.push(join(parent, entry));
  }
  return folders;
}

function runs(file: string, args: readonly string[], cwd?: string): boolean {
  const options = { stdio: 'ignore', timeout: APT_TIMEOUT_MS, env: aptEnvironment() } as const;
  return spawnSync(file, args, cwd === undefined ? options : { ...options, cwd }).status === 0;
}

/** C: the simulation's answer is read. No questions: nobody may be there to answer. */
function aptEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}
