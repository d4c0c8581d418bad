import type { EdgeFile } from './edge-file.js';
import { MINUTE_MS } from '../domain/time.js';

/** What upstream refused: it stays, with the reason, until somebody decides. */
export interface RefusedItem {
  readonly id: number;
  readonly name: string;
  readonly by: number;
  /** Increments in it. */
  readonly count: number;
  /** When it was counted, and refused; RFC 3339. */
  readonly at: string;
  readonly since: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

interface Row extends Omit<RefusedItem, 'at' | 'since'> {
  readonly minute: number;
  readonly since: number;
  readonly key: string | null;
}

/** Shown at once; what is beyond is counted. */
export const MAX_SHOWN = 100;

/** What upstream refused, and what is decided about it. */
export class Refusals {
  constructor(private readonly file: EdgeFile) {}

  /** Items and increments, by the reason. */
  get totals(): readonly { readonly code: string; readonly items: number; readonly increments: number }[] {
    return this.file.all(
      'SELECT code, count(*) AS items, sum(count) AS increments FROM refused GROUP BY code ORDER BY code',
    );
  }

  /** The first of them. */
  list(): RefusedItem[] {
    return this.file
      .all<Row>('SELECT * FROM refused ORDER BY id LIMIT ?', MAX_SHOWN)
      .map(({ id, name, by, count, minute, since, status, code, detail }) => ({
        id,
        name,
        by,
        count,
        at: new Date(minute * MINUTE_MS).toISOString(),
        since: new Date(since).toISOString(),
        status,
        code,
        detail,
      }));
  }

  /**
   * Lets them wait to be delivered once more; with another number, so that it is another try.
   *
   * @param ids null: all of them
   * @returns how many
   */
  retry(ids: readonly number[] | null): number {
    const { file } = this;
    return file.transact(() => {
      const rows = this.chosen(ids);
      for (const { id, name, by, count, minute, key } of rows) {
        file.run(
          'INSERT INTO items (name, minute, by, count, key, open) VALUES (?, ?, ?, ?, ?, 0)',
          name,
          minute,
          by,
          count,
          // Upstream remembers that it was refused under this key.
          key === null ? null : `${key}/again/${id}`.slice(-255),
        );
        file.run(
          `INSERT INTO pending (name, sum, count) VALUES (?1, ?2, ?3)
           ON CONFLICT (name) DO UPDATE SET sum = sum + excluded.sum, count = count + excluded.count`,
          name,
          by,
          count,
        );
        file.run('DELETE FROM refused WHERE id = ?', id);
      }
      return rows.length;
    });
  }

  /**
   * Gives them up for good.
   *
   * @param ids null: all of them
   * @returns how many
   */
  drop(ids: readonly number[] | null): number {
    return this.file.transact(() => {
      const rows = this.chosen(ids);
      for (const { id } of rows) this.file.run('DELETE FROM refused WHERE id = ?', id);
      return rows.length;
    });
  }

  private chosen(ids: readonly number[] | null): Row[] {
    if (ids === null) return this.file.all<Row>('SELECT * FROM refused ORDER BY id');
    return ids.flatMap((id) => this.file.all<Row>('SELECT * FROM refused WHERE id = ?', id));
  }
}
