import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import type { Config } from '../../config/config.js';
import { CounterPages } from '../../store/counter-pages.js';
import { patientPool, serverFault } from '../deployment.js';
import type { Session } from '../session.js';
import { ExportFile } from './export-file.js';
import { endLine, headerLine, lineOf } from './format.js';

/** About a megabyte of lines: a SELECT by the primary key of so many takes some ten milliseconds. */
const PAGE = 5_000;

export interface ExportRequest {
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

interface Target {
  readonly hash: Hash;
  write(text: string): Promise<void>;
}

/**
 * Writes every counter, page by page in the order of names; each as it is when its page is read.
 *
 * @throws CommandFailed; a file stays as it is then, to go on with
 */
export async function exportCounters(
  session: Session,
  { database }: Config,
  { file, prefix, restart }: ExportRequest,
): Promise<ExportReport> {
  const startedAtMs = performance.now();
  const pool = patientPool(database.url, 1);
  const pages = new CounterPages(pool);
  const out = file === null ? null : await ExportFile.open(file, prefix, restart);
  const target = out ?? standardOutput(session);
  const resumed = out?.resumed?.lines ?? 0;
  const progress = session.terminal.progress('exporting');
  try {
    const total = await pages.estimate();
    let lines = resumed;
    let after = out?.resumed?.lastName ?? '';
    if (resumed === 0) await write(target, headerLine(prefix));
    for (;;) {
      const page = await pages.next(after, prefix, PAGE);
      if (page.length > 0) await write(target, page.map(lineOf).join(''));
      lines += page.length;
      after = page.at(-1)?.name ?? after;
      progress.update(lines, total);
      if (page.length < PAGE) break;
    }
    const sha256 = target.hash.digest('hex');
    await target.write(endLine(lines, sha256));
    await out?.finish();
    return { lines, resumed, sha256, durationMs: Math.round(performance.now() - startedAtMs) };
  } catch (error) {
    await out?.close();
    throw serverFault('Postgres', error);
  } finally {
    progress.stop();
    await pool.end();
  }
}

async function write(target: Target, text: string): Promise<void> {
  target.hash.update(text);
  await target.write(text);
}

function standardOutput({ terminal }: Session): Target {
  const { stdout } = terminal.streams;
  return {
    hash: createHash('sha256'),
    write: async (text) => {
      if (!stdout.write(text)) await once(stdout, 'drain');
    },
  };
}
