/**
 * A calendar that is wrong, for one process, by libfaketime: of this machine, else from Debian's package. Clocks that
 * measure (the monotonic ones) stay right, as they are where a calendar is wrong.
 */
import { existsSync, readdirSync } from 'node:fs';
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackDebian } from '../../src/embedded/debian-packages.js';
import type { PostgresPrograms } from '../../src/embedded/postgres-programs.js';
import { scratchFolder } from './scratch.js';

const HINT =
  'libfaketime was not found; the tests of wrong clocks need it. Install it, with "apt-get install libfaketime", or ' +
  'leave them out with "npm test -- --testPathIgnorePatterns clocks".';

/** Its build for programs with threads. */
const LIBRARY = 'faketime/libfaketimeMT.so.1';

/** Says how far the clock is off. */
const FILE = 'clock';

/** Where Linux shows what processes share. */
const SHARED_MEMORY = '/dev/shm';

export class FakeClock {
  private constructor(
    private readonly folder: string,
    /** Who is started with this in its environment goes by the clock. */
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** @param offset how far it is off, such as `+20s` or `-120d` */
  static async off(offset: string): Promise<FakeClock> {
    const folder = await scratchFolder();
    const clock = new FakeClock(folder, {
      LD_PRELOAD: findLibrary(),
      FAKETIME_TIMESTAMP_FILE: join(folder, FILE),
      // The file is read each time: the clock can jump.
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
    });
    await clock.set(offset);
    return clock;
  }

  /** The same programs, whose server goes by this clock. */
  async around(programs: PostgresPrograms): Promise<PostgresPrograms> {
    const { postgres } = programs;
    if (postgres.kind === 'image') throw new Error('a server in a container has a clock of its own');
    // Not by the environment of what starts it as another user: that would make, as root, what the server must open.
    const settings = Object.entries(this.environment).map(([name, value]) => `${name}='${value}'`);
    const path = join(this.folder, 'postgres');
    await writeFile(path, `#!/bin/sh\n${settings.join(' ')} exec '${postgres.path}' "$@"\n`);
    await chmod(path, 0o755);
    return { ...programs, postgres: { ...postgres, path } };
  }

  /** Removes what the library leaves behind of a process that has ended. */
  static async sweep(pid: number): Promise<void> {
    const names = [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`];
    await Promise.all(names.map((name) => rm(join(SHARED_MEMORY, name), { force: true })));
  }

  /** From now on it is off by this. */
  async set(offset: string): Promise<void> {
    const file = join(this.folder, FILE);
    const draft = `${file}.new`;
    await writeFile(draft, offset);
    // Servers run as another user.
    await chmod(draft, 0o644);
    await rename(draft, file);
  }
}

function findLibrary(): string {
  const found = libraryUnder('/') ?? libraryUnder(unpackDebian('libfaketime', () => undefined)?.root ?? null);
  if (found === null) throw new Error(HINT);
  return found;
}

function libraryUnder(root: string | null): string | null {
  const parent = join(root ?? '', 'usr/lib');
  if (root === null || !existsSync(parent)) return null;
  for (const folder of ['.', ...readdirSync(parent)]) {
    const path = join(parent, folder, LIBRARY);
    if (existsSync(path)) return path;
  }
  return null;
}
