/** Programs fetched once and kept for later starts, outside the project: `npm ci` empties what is inside. */
import { chmodSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from './user.js';

/** The folder, made if it is missing. */
export function cacheFolder(): string {
  const folder = isRoot()
    ? // Root's home is closed to the user that runs the servers.
      '/var/cache/evercount'
    : join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'evercount');
  mkdirSync(folder, { recursive: true });
  // Whatever the umask: the servers do not run as root.
  chmodSync(folder, 0o755);
  return folder;
}
