import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** It may do everything: for the eyes of the one who started the service. */
const OWNER_ONLY = 0o600;

/** To whom the first key is shown. */
export interface Audience {
  /** Whether somebody reads along; otherwise what is said may end in a log, for many to read and for long. */
  readonly isTerminal: boolean;
  /** For a file that only its owner may read; null: a new one among the temporary ones. */
  readonly folder: string | null;
}

/**
 * Hands over the first key, once: to the terminal, or in a file.
 *
 * @returns what to say, by lines
 */
export async function firstKeyNote(key: string, { isTerminal, folder }: Audience): Promise<string[]> {
  if (isTerminal) {
    return ['The first API key, which may do everything. It is shown this once; keep it:', `  ${key}`];
  }
  try {
    const file = await keep(key, folder);
    return [`The first API key, which may do everything, is in a file for your eyes only; keep it elsewhere: ${file}`];
  } catch (error) {
    return [
      `The first API key could not be kept in a file (${(error as Error).message}), and is lost.`,
      '"evercount keys create" makes another one, at the same database; or set ADMIN_KEY_FILE.',
    ];
  }
}

async function keep(key: string, folder: string | null): Promise<string> {
  const file = join(folder ?? (await mkdtemp(join(tmpdir(), 'evercount-'))), 'first-key');
  // One from data that is gone; what is overwritten would keep its mode.
  await rm(file, { force: true });
  await writeFile(file, `${key}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  return file;
}
