/** One service at a time for a folder of data: a file that names the process that holds it. */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedError } from './embedded-error.js';
import { identityOf, isRunning, parseIdentity } from './process-identity.js';

/** Takeovers of a lock whose holder is dead; more means that something else writes the file. */
const ATTEMPTS = 5;

/**
 * Takes the lock of `dataDir` for this process, also from a holder that is dead.
 *
 * @returns gives it back
 * @throws EmbeddedError when a running service holds it
 */
export async function lockData(dataDir: string): Promise<() => Promise<void>> {
  const file = join(dataDir, 'service.pid');
  const own = JSON.stringify(identityOf(process.pid));
  const draft = `${file}.${process.pid}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await writeFile(draft, own);
    // A link appears with its content, and only where there was nothing: no one ever sees a lock half written.
    const taken = await link(draft, file).then(
      () => true,
      () => false,
    );
    await rm(draft);
    if (taken) return () => release(file, own);
    await clearStale(file, dataDir);
  }
  throw new EmbeddedError(`${file} cannot be written: remove it if no service uses this folder.`);
}

async function clearStale(file: string, dataDir: string): Promise<void> {
  const found = await readFile(file, 'utf8').catch(() => null);
  if (found === null) return;
  const holder = parseIdentity(found);
  if (holder !== null && isRunning(holder)) {
    throw new EmbeddedError(
      `evercount already runs with the data in ${dataDir} (process ${holder.pid}). ` +
        'Use that one, stop it first, or start this one from another folder.',
    );
  }
  // Another start may have cleared and taken it since we looked: what is moved away is looked at again.
  const aside = `${file}.stale.${process.pid}`;
  await rename(file, aside).catch(() => undefined);
  const moved = await readFile(aside, 'utf8').catch(() => null);
  if (moved !== null && moved !== found) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

async function release(file: string, own: string): Promise<void> {
  const found = await readFile(file, 'utf8').catch(() => null);
  if (found === own) await rm(file, { force: true });
}
