/** Finds a Redis (or Valkey) to run: never a server that runs already, always a program to start one of our own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from './command.js';
import { installDebian, unpackDebian } from './debian-packages.js';
import { engineAnswers, ensureImage } from './docker-engine.js';
import { EmbeddedError } from './embedded-error.js';
import { foldersOnPath, versionText } from './installed-programs.js';

export interface RedisProgram {
  /** `Redis 7.0`, `Valkey 8.1`. */
  readonly version: string;
  readonly server: Program;
  /** For people: where it is. */
  readonly where: string;
}

type Say = (line: string) => void;

/** BullMQ advises 6.2 or newer. */
const OLDEST_REDIS = [6, 2] as const;

const IMAGE = 'redis:7';

const NAMES = ['redis-server', 'valkey-server'] as const;

/** Folders that are not on everyone's PATH. */
const MORE_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin'];

const INSTALL_HINT =
  `No Redis was found (${OLDEST_REDIS.join('.')} or newer). Install one, with "apt-get install redis-server", ` +
  '"brew install redis" or Docker, or set DATABASE_URL and REDIS_URL to servers of your own.';

/**
 * Finds Redis: installed on this machine, in a container, from Debian's packages.
 *
 * @param say told what is fetched, when something is
 * @throws EmbeddedError when there is none
 */
export function findRedis(say: Say = () => undefined): RedisProgram {
  const installed = installedRedis();
  if (installed !== null) return installed;
  const contained = redisInContainer(say);
  if (contained !== null) return contained;
  const unpacked = unpackDebian('redis-server', say);
  const found = unpacked === null ? null : programAt(join(unpacked.root, 'usr/bin/redis-server'), unpacked.environment);
  if (found !== null) return found;
  if (installDebian('redis-server', say)) {
    const now = installedRedis();
    if (now !== null) return now;
  }
  throw new EmbeddedError(INSTALL_HINT);
}

/** Redis in a container, or null where no engine answers or its image cannot be had. */
export function redisInContainer(say: Say = () => undefined): RedisProgram | null {
  if (!engineAnswers() || !ensureImage(IMAGE, say)) return null;
  const server: Program = { kind: 'image', image: IMAGE, path: 'redis-server' };
  return { version: 'Redis 7', server, where: `the image ${IMAGE}` };
}

function installedRedis(): RedisProgram | null {
  for (const folder of new Set([...foldersOnPath(), ...MORE_FOLDERS])) {
    for (const name of NAMES) {
      const found = programAt(join(folder, name), {});
      if (found !== null) return found;
    }
  }
  return null;
}

function programAt(path: string, environment: Readonly<Record<string, string>>): RedisProgram | null {
  if (!existsSync(path)) return null;
  const [, name, major, minor] = /^(\w+) server v=(\d+)\.(\d+)/.exec(versionText(path, environment)) ?? [];
  if (name === undefined) return null;
  const [oldestMajor, oldestMinor] = OLDEST_REDIS;
  if (Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor)) return null;
  const product = path.endsWith('valkey-server') ? 'Valkey' : 'Redis';
  return { version: `${product} ${major}.${minor}`, server: { kind: 'binary', path, environment }, where: path };
}
