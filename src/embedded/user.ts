/**
 * Who runs the servers. Postgres refuses to run as root, and Redis should not, so that a service started by root
 * starts them as somebody else; started by anybody else, they run as that user.
 */
import { readFileSync, statSync } from 'node:fs';
import { chown, lstat, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EmbeddedError } from './embedded-error.js';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Linux's `nobody`: it exists everywhere and owns nothing. */
const NOBODY: User = { uid: 65534, gid: 65534 };

/** Bits of a capability set (capabilities(7)). */
const CAP_DAC_OVERRIDE = 1n;
const CAP_DAC_READ_SEARCH = 2n;

/** Whether this process may act as other users. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * The user to run a server as, or null: as the one who runs this process. Data stays with its owner, who may have
 * started without being root: first that of `directory`, then that of the folder it is in.
 */
export function serverUser(directory?: string): User | null {
  if (!isRoot()) return null;
  for (const path of directory === undefined ? [] : [directory, dirname(directory)]) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && found.uid !== 0) return { uid: found.uid, gid: found.gid };
  }
  return NOBODY;
}

/**
 * Makes `directory` (0700) if it is missing and gives it to `user`, so that a server can keep its data there.
 *
 * @throws EmbeddedError when it belongs to somebody this process cannot act as
 */
export async function makeServerDirectory(directory: string, user: User | null): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (user !== null) {
    const { uid, gid } = await lstat(directory);
    if (uid !== user.uid || gid !== user.gid) await chown(directory, user.uid, user.gid);
    return;
  }
  const { uid } = await stat(directory);
  const self = process.geteuid?.();
  if (self !== undefined && uid !== self) {
    throw new EmbeddedError(
      `${directory} belongs to the user with id ${uid}, not to you (${self}): it was made by another user, or by root. ` +
        'Start as that user, change its owner, or move it away to begin with no counts.',
    );
  }
}

/** Whether `user` can enter every folder on the way to `path`; access lists are not looked at. */
export function canReach(path: string, user: User | null): boolean {
  if (user === null) return true;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { uid, gid, mode } = statSync(folder);
    const bits = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode;
    if ((bits & 0o1) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * The capability that lets another user enter folders that are closed to it (a clone under /root, or in a `mktemp -d`):
 * the one that only reads and searches where root holds it, else (in a container) the wider one; null where root holds
 * neither.
 */
export function capabilityToSearch(): 'dac_read_search' | 'dac_override' | null {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const held = BigInt(`0x${bounding ?? '0'}`);
  if ((held >> CAP_DAC_READ_SEARCH) & 1n) return 'dac_read_search';
  return (held >> CAP_DAC_OVERRIDE) & 1n ? 'dac_override' : null;
}
