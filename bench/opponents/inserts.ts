/** What one would write first: each increment a row of SQLite, committed by itself, by the edge's library and settings. */
import { DatabaseSync } from '@photostructure/sqlite';

export interface Inserts {
  /** On the disk when it returns. */
  add(name: string): void;
  close(): void;
}

/** @param path of a file that is not there yet */
export function insertsInto(path: string): Inserts {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE increments (id INTEGER PRIMARY KEY, name TEXT NOT NULL, by INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;`);
  const insert = database.prepare('INSERT INTO increments (name, by, at) VALUES (?, ?, ?)');
  return { add: (name) => void insert.run(name, 1, Date.now()), close: () => database.close() };
}
