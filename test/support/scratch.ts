/** Folders of the tests' servers: one for each process, in the system's folder for temporary files. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endLeftover } from '../../src/embedded/leftovers.js';
import { createCluster, majorOf, type Cluster } from '../../src/embedded/postgres-server.js';
import { identityOf } from '../../src/embedded/process-identity.js';

const ROOT = join(tmpdir(), 'evercount-tests');
const OWN = join(ROOT, String(process.pid));

/** Where a server of the tests names its process, so that a later run can end one that a killed run left frozen. */
export const PID_FILE = 'server.pid';

/** Where this process leaves word for its next test file: modules do not outlive a test file, the process does. */
export const SHARED_STATE_FILE = join(OWN, 'shared-postgres.json');

const run = promisify(execFile);

let swept: Promise<void> | undefined;

/** A new folder for one server, which others may enter: servers do not run as root. */
export async function scratchFolder(): Promise<string> {
  swept ??= sweep();
  await swept;
  const folder = join(OWN, randomUUID());
  await mkdir(folder, { recursive: true });
  await Promise.all([ROOT, OWN, folder].map((path) => chmod(path, 0o755).catch(() => undefined)));
  return folder;
}

/** Ends servers and removes folders of processes that are dead. */
async function sweep(): Promise<void> {
  const names = await readdir(ROOT).catch(() => []);
  for (const name of names.filter((found) => /^\d+$/.test(found) && identityOf(Number(found)) === null)) {
    const found = await readdir(join(ROOT, name), { withFileTypes: true }).catch(() => []);
    const folders = found.filter((entry) => entry.isDirectory());
    await Promise.all(folders.map((folder) => endLeftover(join(ROOT, name, folder.name, PID_FILE), 'SIGKILL')));
    await rm(join(ROOT, name), { recursive: true, force: true });
  }
}

/** Makes a cluster by copying one that was made before: initdb takes half a second, a copy a tenth of it. */
export async function copyCluster(cluster: Cluster, logFile: string): Promise<void> {
  const { programs, user } = cluster;
  const kind = `${programs.postgres.kind}-${programs.major}-${user?.uid ?? 'self'}`;
  const template = join(ROOT, `template-${kind}-${process.geteuid?.() ?? 0}`);
  const directory = join(template, 'postgres');
  if (majorOf(directory) === null) {
    const draft = join(OWN, randomUUID());
    await mkdir(draft, { recursive: true });
    await createCluster({ ...cluster, directory: join(draft, 'postgres') }, logFile);
    // Another process may have been quicker; then its template serves.
    await rename(draft, template).catch(() => rm(draft, { recursive: true }));
  }
  await run('cp', ['-a', `${directory}.password`, `${cluster.directory}.password`]);
  await run('cp', ['-a', directory, cluster.directory]);
}
