import { lstat } from 'node:fs/promises';
import type { Config } from '../../config/config.js';
import { CounterPages } from '../../store/counter-pages.js';
import { Replication } from '../../store/replication.js';
import { patientPool, serverFault } from '../deployment.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import type { Session } from '../session.js';
import type { Terminal } from '../terminal.js';
import { ExportFile } from './export-file.js';
import { type ExportTarget, standardOutput, writtenInPlace } from './export-target.js';
import { endLine, headerLine, lineOf } from './format.js';

/** About a megabyte of lines: a SELECT by the primary key of so many takes some ten milliseconds. */
const PAGE = 5_000;

export interface ExportPlace {
  /** Null: standard output. */
  readonly file: string | null;
  readonly prefix: string;
  /** Begin anew instead of going on where an earlier run was cut off. */
  readonly restart: boolean;
}

export interface ExportReport {
  /** Counters, those that were deleted included. */
  readonly lines: number;
  /** Those of them that were written by an earlier run. */
  readonly resumed: number;
  readonly sha256: string;
  readonly durationMs: number;
}

/**
 * Writes every counter, page by page in the order of names; each as it is when its page is read.
 *
 * @throws CommandFailed; a file stays as it is then, to go on with
 */
export async function exportCounters(
  session: Session,
  { database }: Config,
  place: ExportPlace,
): Promise<ExportReport> {
  const startedAtMs = performance.now();
  const pool = patientPool(database, 1);
  const pages = new CounterPages(pool, new Replication(pool));
  const progress = session.terminal.progress('exporting');
  let target: ExportTarget | null = null;
  try {
    target = await openTarget(session.terminal, place, await pages.identity());
    const { prefix } = place;
    const resumed = target.resumed?.lines ?? 0;
    const total = await pages.estimate();
    let lines = resumed;
    let after = target.resumed?.lastName ?? null;
    if (resumed === 0) await write(target, headerLine(prefix));
    for (;;) {
      const page = await pages.truths({ prefix, after, limit: PAGE });
      if (page.length > 0) await write(target, page.map(lineOf).join(''));
      lines += page.length;
      after = page.at(-1)?.name ?? after;
      progress.update(lines, total);
      if (page.length < PAGE) break;
    }
    const sha256 = target.hash.digest('hex');
    await target.write(endLine(lines, sha256));
    await target.finish();
    return { lines, resumed, sha256, durationMs: Math.round(performance.now() - startedAtMs) };
  } catch (error) {
    await target?.close();
    throw serverFault('Postgres', error);
  } finally {
    progress.stop();
    await pool.end();
  }
}

/**
 * Opens what a path names: a file is written beside its place and put there at the end.
 *
 * @param of which counters are exported
 * @throws CommandFailed
 */
async function openTarget(
  terminal: Terminal,
  { file, prefix, restart }: ExportPlace,
  of: string,
): Promise<ExportTarget> {
  if (file === null) return standardOutput(terminal);
  const found = await lstat(file).catch(() => null);
  if (found?.isDirectory() === true) throw new CommandFailed(EXIT.failed, `${file} is a folder`, 'name a file in it');
  if (found === null || found.isFile()) return ExportFile.open(file, prefix, of, restart);
  return writtenInPlace(file);
}

async function write(target: ExportTarget, text: string): Promise<void> {
  target.hash.update(text);
  await target.write(text);
}
