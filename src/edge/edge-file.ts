import { randomUUID } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';
import type { Position } from '../domain/delivery.js';
import { Unavailable } from '../domain/errors.js';
import { FORMAT, SCHEMA } from './schema.js';

/** SQLite's own numbers. */
const [BUSY, READ_ONLY, CORRUPT, FULL, NOT_A_DATABASE] = [5, 8, 11, 13, 26];

/** Of those with a detail: a quota that is used up, or the largest size of a file, and not only a disk that is broken. */
const WRITE_FAILED = 778;

/** The file cannot be used; the message says what to do. */
export class EdgeFileFault extends Error {
  override readonly name = 'EdgeFileFault';
}

/** The disk took nothing of it: it is full, or the file may not be written or grow. */
export class DiskRefuses extends Unavailable {
  override readonly name = 'DiskRefuses';
}

/** A disk that is full is looked at again after so long. */
export const DISK_PAUSE_MS = 5_000;

/** A disk that refused is asked so often at most. */
const ASK_DISK_EVERY_MS = 500;

/** Pages that are given back to the disk in one step, 4 KB each. */
const VACUUM_PAGES = 2_000;

/** The log is cut back to this when it was written into the file. */
const LOG_BYTES = 4 * 1024 * 1024;

/** What stands in the one row of an edge. */
export interface EdgeRow extends Position {
  readonly id: string;
  readonly state: 'open' | 'forked' | 'lost';
  readonly mustAsk: boolean;
}

/**
 * The one file of an edge. What a transaction wrote is on the disk when it returns: the log is written through at each
 * commit. Held by one process alone, as long as it runs.
 */
export class EdgeFile {
  private readonly statements = new Map<string, StatementSyncInstance>();
  private refusal: string | null = null;
  private askedAtMs = -Infinity;

  private constructor(private readonly database: DatabaseSyncInstance) {}

  /**
   * Opens the file, or makes it; looks whether it is whole.
   *
   * @throws EdgeFileFault
   */
  static open(path: string): EdgeFile {
    try {
      mkdirSync(dirname(resolve(path)), { recursive: true });
      const isNew = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;
      const database = new DatabaseSync(path);
      // Exclusive: no second process, and no file of shared memory beside it.
      database.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        ${isNew ? 'PRAGMA auto_vacuum = INCREMENTAL;' : ''}
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA journal_size_limit = ${LOG_BYTES};
        PRAGMA temp_store = MEMORY;`);
      const file = new EdgeFile(database);
      file.begin(isNew, path);
      return file;
    } catch (error) {
      throw faultOfOpening(error, path);
    }
  }

  private begin(isNew: boolean, path: string): void {
    const { database } = this;
    const checked = database.prepare('PRAGMA quick_check(1)').get() as { readonly quick_check: string } | undefined;
    if (checked?.quick_check !== 'ok')
      throw new EdgeFileFault(damaged(path, checked?.quick_check ?? 'it cannot be read'));
    const tables = database.prepare(`SELECT count(*) AS tables FROM sqlite_schema WHERE name = 'edge'`).get() as {
      readonly tables: number;
    };
    if (tables.tables === 0) {
      const others = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as {
        readonly tables: number;
      };
      if (!isNew && others.tables > 0)
        throw new EdgeFileFault(`${path} is the database of another program: name another file`);
      this.transact(() => {
        database.exec(SCHEMA);
        this.run(
          `INSERT INTO edge (one, format, id, last, digest, state, must_ask, began_at) VALUES (1, ?, ?, 0, NULL, 'open', 0, ?)`,
          FORMAT,
          randomUUID(),
          Date.now(),
        );
      });
    }
    // One that may only be read is no place to count in.
    else database.exec('BEGIN IMMEDIATE; ROLLBACK');
    const { format } = firstOf(this.all<{ format: number }>('SELECT format FROM edge'));
    if (format !== FORMAT) {
      throw new EdgeFileFault(`${path} was written by another release (format ${format}, this one reads ${FORMAT})`);
    }
  }

  get row(): EdgeRow {
    const { id, last, digest, state, must_ask } = firstOf(
      this.all<{
        id: string;
        last: number;
        digest: string | null;
        state: EdgeRow['state'];
        must_ask: number;
      }>('SELECT id, last, digest, state, must_ask FROM edge'),
    );
    return { id, last, digest, state, mustAsk: must_ask === 1 };
  }

  /**
   * All of it is on the disk when this returns, or nothing was done.
   *
   * @throws DiskRefuses
   */
  transact<T>(work: () => T): T {
    const { database } = this;
    try {
      database.exec('BEGIN IMMEDIATE');
      const result = work();
      database.exec('COMMIT');
      this.refusal = null;
      return result;
    } catch (error) {
      // SQLite has rolled back by itself where it had to.
      if (database.isTransaction) database.exec('ROLLBACK');
      const refusal = refusalIn(error);
      if (refusal === null) throw error;
      this.refusal = refusal;
      throw new DiskRefuses(refusal, DISK_PAUSE_MS / 1_000, { cause: error });
    }
  }

  /** Why the disk takes nothing; null: it does. One that refused is asked anew, with about as much as many increments are. */
  get disk(): string | null {
    const nowMs = performance.now();
    if (this.refusal === null || nowMs - this.askedAtMs < ASK_DISK_EVERY_MS) return this.refusal;
    this.askedAtMs = nowMs;
    const ask = (): void => {
      this.run(`INSERT INTO keys (key, fingerprint, answer, at) VALUES ('', '', hex(zeroblob(32768)), 0)`);
      this.run(`DELETE FROM keys WHERE key = ''`);
    };
    unlessRefused(() => this.transact(ask));
    return this.refusal;
  }

  /** @returns how many rows it changed */
  run(sql: string, ...values: readonly (string | number | Buffer | null)[]): number {
    return this.prepared(sql).run(...values).changes;
  }

  all<Row>(sql: string, ...values: readonly (string | number | null)[]): Row[] {
    return this.prepared(sql).all(...values) as Row[];
  }

  /** Whether there is a row at all. */
  has(sql: string, ...values: readonly (string | number | null)[]): boolean {
    return this.all(sql, ...values).length > 0;
  }

  /**
   * Gives free pages back to the disk, some at a time; answers whether more may be left.
   *
   * @throws DiskRefuses
   */
  shrink(): boolean {
    const { freelist_count: free } = firstOf(this.all<{ freelist_count: number }>('PRAGMA freelist_count'));
    if (free < VACUUM_PAGES) return false;
    this.transact(() => this.database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`));
    return true;
  }

  /** Bytes, the log aside. */
  get bytes(): number {
    const { page_count: pages } = firstOf(this.all<{ page_count: number }>('PRAGMA page_count'));
    return pages * 4_096;
  }

  /** All of it is in the one file afterwards, without a log beside it, and anybody may open it. */
  close(): void {
    this.statements.clear();
    // The package ends a statement only when it is collected, and a connection that has one would keep the lock.
    // Without a log it can be given up.
    try {
      this.database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT 1 FROM edge');
    } catch (error) {
      // Its log stays beside it then, and is read at the next start.
      if (refusalIn(error) === null) throw error;
    }
    this.database.close();
  }

  private prepared(sql: string): StatementSyncInstance {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }
}

/** For what tidies up, and can wait: null where the disk takes nothing, and nothing was done. */
export function unlessRefused<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof DiskRefuses) return null;
    throw error;
  }
}

/** @throws where there is none */
export function firstOf<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('there is no row');
  return row;
}

function numberOf(error: unknown): number {
  // Not by its class: what native code throws is an error of another realm where there are several.
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return 0;
  return typeof error.errcode === 'number' ? error.errcode : 0;
}

/** What a disk that took nothing of a transaction is told as; null: something else is wrong. */
function refusalIn(error: unknown): string | null {
  const number = numberOf(error);
  const code = number & 0xff;
  if (code === FULL) return 'There is no room on the disk: nothing was written.';
  return number === WRITE_FAILED || code === READ_ONLY ? 'The file cannot be written: nothing was.' : null;
}

function faultOfOpening(error: unknown, path: string): EdgeFileFault {
  if (error instanceof EdgeFileFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = numberOf(error) & 0xff;
  if (code === BUSY) return new EdgeFileFault(`${path} is held by another process: is an edge running already?`);
  if (code === CORRUPT || code === NOT_A_DATABASE) return new EdgeFileFault(damaged(path, message));
  return new EdgeFileFault(`${path} cannot be opened: ${message}`);
}

function damaged(path: string, reason: string): string {
  return [
    `${path} is damaged: ${reason}`,
    'Nothing was changed. To go on: move it aside, with the file beside it that ends in -wal. What can be read of it,',
    `  sqlite3 ${path} .recover | sqlite3 recovered.db`,
    'brings into a new file; start with that as EDGE_FILE. Without it, start with a new file: what was delivered is safe,',
    'and what only this file held is lost.',
  ].join('\n');
}
