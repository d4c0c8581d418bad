/** What an export is written to, and the two kinds of it that cannot be gone on with: a device or pipe, standard output. */
import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { CommandFailed, EXIT } from '../exit-codes.js';
import type { Terminal } from '../terminal.js';

/** What an earlier run had written already. */
export interface Resumed {
  readonly lines: number;
  readonly lastName: string;
}

/** Takes the text of an export; whatever goes wrong with it is told as its own fault, and never as Postgres'. */
export interface ExportTarget {
  /** Of all that stands in it. */
  readonly hash: Hash;
  readonly resumed: Resumed | null;
  /** @throws CommandFailed */
  write(text: string): Promise<void>;
  /**
   * Puts it in its place, whole.
   *
   * @throws CommandFailed
   */
  finish(): Promise<void>;
  /** Lets go of it as it is. */
  close(): Promise<void>;
}

/**
 * What is no regular file, a link included, is written to as it stands: renaming over it would replace the device for
 * everybody.
 *
 * @throws CommandFailed
 */
export async function writtenInPlace(path: string): Promise<ExportTarget> {
  const handle = await told(path, () => open(path, 'w'));
  return {
    hash: createHash('sha256'),
    resumed: null,
    write: (text) => told(path, () => handle.appendFile(text)),
    // A device need not know how to sync; that it took everything is all it can tell.
    finish: () => told(path, () => handle.close()),
    close: () => handle.close(),
  };
}

/** Takes everything as it comes; an export to it begins anew each time. */
export function standardOutput({ streams: { stdout } }: Terminal): ExportTarget {
  const written = (text: string): Promise<void> =>
    new Promise((resolve, reject) =>
      stdout.write(text, (error) => (error === null || error === undefined ? resolve() : reject(error))),
    );
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    hash: createHash('sha256'),
    resumed: null,
    write: (text) => told('standard output', () => written(text)),
    finish: nothing,
    close: nothing,
  };
}

/**
 * Does what writes to `what`, and names it where that fails.
 *
 * @throws CommandFailed
 */
export async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new CommandFailed(EXIT.failed, `${what} cannot be written: ${(error as Error).message}`);
  }
}
