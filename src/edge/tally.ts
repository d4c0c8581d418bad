import { hash } from 'node:crypto';
import { MAX_VALUE } from '../domain/operands.js';
import { DAY_MS, minuteOf } from '../domain/time.js';
import type { EdgeFile } from './edge-file.js';

/** An increment as it is to be kept. */
export interface Counted {
  readonly name: string;
  /** -MAX_VALUE to MAX_VALUE, not 0. */
  readonly by: number;
  /** An idempotency key; null: there is none. */
  readonly key: string | null;
}

/** What is known here of a counter. */
export interface Reading {
  readonly name: string;
  /** What upstream said last, and what waits here. */
  readonly value: number;
  /** Increments that wait here. */
  readonly pending: number;
  /** When upstream said so, RFC 3339; null: it never did. */
  readonly asOf: string | null;
}

/** What became of an increment. */
export type Kept =
  | { readonly kind: 'kept'; readonly reading: Reading; readonly replayed: boolean }
  /** What waits of this counter would leave the range. */
  | { readonly kind: 'overflow' }
  /** The key stands for another increment. */
  | { readonly kind: 'key_reused' };

/** A replay is answered for so long at least, as upstream does; afterwards the key that travels along is known there. */
const KEYS_KEPT_MS = DAY_MS;
const KEYS_REMOVED = 1_000;

interface Sums {
  /** What waits, as far as a counter could hold it: what was refused and is tried again may be more, or what is left of it. */
  sum: number;
  count: number;
  /** Of increments without a key, in this group. */
  by: number;
  folded: number;
  /** `sum` as it was looked up. */
  readonly before: number;
  readonly heard: number;
  readonly heardAt: number | null;
}

/** What waits: increments are added to it, many in one transaction. */
export class Tally {
  constructor(private readonly file: EdgeFile) {}

  /**
   * Keeps increments; all of them are on the disk when this returns.
   *
   * @param nowMs by the clock of this machine
   * @throws DiskRefuses
   */
  keep(group: readonly Counted[], nowMs: number): Kept[] {
    const { file } = this;
    const minute = minuteOf(nowMs);
    return file.transact(() => {
      const sums = new Map<string, Sums>();
      const kept = group.map((counted): Kept => {
        const { name, by, key } = counted;
        const earlier = key === null ? null : this.earlier(counted, key);
        if (earlier !== null) return earlier;
        const own = this.sumsOf(name, sums);
        if (!Number.isSafeInteger(own.sum + by) || !Number.isSafeInteger(own.by + by)) return { kind: 'overflow' };
        own.sum += by;
        own.count += 1;
        const reading = readingOf(name, own);
        if (key === null) {
          own.by += by;
          own.folded += 1;
        } else this.keepKeyed(counted, key, reading, minute, nowMs);
        return { kind: 'kept', reading, replayed: false };
      });
      for (const [name, own] of sums) this.write(name, own, minute);
      return kept;
    });
  }

  /** What is known here of a counter; null: nothing was counted, and upstream has told nothing of it. */
  read(name: string): Reading | null {
    const own = this.lookUp(name);
    return own.heardAt === null && own.count === 0 && own.sum === 0 ? null : readingOf(name, own);
  }

  /**
   * Forgets some keys whose time is over; answers whether more may be left.
   *
   * @throws DiskRefuses
   */
  forgetKeys(nowMs: number): boolean {
    const due = nowMs - KEYS_KEPT_MS;
    if (!this.file.has('SELECT 1 FROM keys WHERE at < ? LIMIT 1', due)) return false;
    const removed = this.file.transact(() =>
      this.file.run('DELETE FROM keys WHERE key IN (SELECT key FROM keys WHERE at < ? LIMIT ?)', due, KEYS_REMOVED),
    );
    return removed === KEYS_REMOVED;
  }

  private sumsOf(name: string, sums: Map<string, Sums>): Sums {
    let own = sums.get(name);
    if (own === undefined) {
      own = this.lookUp(name);
      sums.set(name, own);
    }
    return own;
  }

  private lookUp(name: string): Sums {
    const pending =
      this.file.all<{ sum: number; count: number }>(
        `SELECT max(min(sum, ${MAX_VALUE}), ${-MAX_VALUE}) AS sum, count FROM pending WHERE name = ?`,
        name,
      )[0] ?? null;
    const heard =
      this.file.all<{ value: number; at: number }>('SELECT value, at FROM heard WHERE name = ?', name)[0] ?? null;
    return {
      sum: pending?.sum ?? 0,
      before: pending?.sum ?? 0,
      count: pending?.count ?? 0,
      by: 0,
      folded: 0,
      heard: heard?.value ?? 0,
      heardAt: heard?.at ?? null,
    };
  }

  private earlier({ name, by }: Counted, key: string): Kept | null {
    const found =
      this.file.all<{ fingerprint: string; answer: string }>(
        'SELECT fingerprint, answer FROM keys WHERE key = ?',
        key,
      )[0] ?? null;
    if (found === null) return null;
    if (found.fingerprint !== fingerprintOf(name, by)) return { kind: 'key_reused' };
    return { kind: 'kept', reading: JSON.parse(found.answer) as Reading, replayed: true };
  }

  private keepKeyed({ name, by }: Counted, key: string, reading: Reading, minute: number, nowMs: number): void {
    this.file.run(
      'INSERT INTO items (name, minute, by, count, key, open) VALUES (?, ?, ?, 1, ?, 0)',
      name,
      minute,
      by,
      key,
    );
    this.file.run(
      'INSERT INTO keys (key, fingerprint, answer, at) VALUES (?, ?, ?, ?)',
      key,
      fingerprintOf(name, by),
      JSON.stringify(reading),
      nowMs,
    );
  }

  private write(name: string, { sum, before, count, by, folded }: Sums, minute: number): void {
    const { file } = this;
    file.run(
      `INSERT INTO pending (name, sum, count) VALUES (?1, ?2, ?3)
       ON CONFLICT (name) DO UPDATE SET sum = sum + excluded.sum - ?4, count = excluded.count`,
      name,
      sum,
      count,
      before,
    );
    if (folded === 0) return;
    const added = file.run(
      `INSERT INTO items (name, minute, by, count, key, open) VALUES (?1, ?2, ?3, ?4, NULL, 1)
       ON CONFLICT (name, minute) WHERE open = 1 DO UPDATE SET by = by + excluded.by, count = count + excluded.count
       WHERE by + excluded.by BETWEEN ${-MAX_VALUE} AND ${MAX_VALUE}`,
      name,
      minute,
      by,
      folded,
    );
    if (added > 0) return;
    // Together they would be more than one item can be.
    file.run('UPDATE items SET open = 0 WHERE name = ? AND minute = ? AND open = 1', name, minute);
    file.run(
      'INSERT INTO items (name, minute, by, count, key, open) VALUES (?, ?, ?, ?, NULL, 1)',
      name,
      minute,
      by,
      folded,
    );
  }
}

function fingerprintOf(name: string, by: number): string {
  return hash('sha256', JSON.stringify([name, by]), 'hex');
}

function readingOf(name: string, { heard, heardAt, sum, count }: Sums): Reading {
  const value = Math.min(Math.max(heard + sum, -MAX_VALUE), MAX_VALUE);
  return { name, value, pending: count, asOf: heardAt === null ? null : new Date(heardAt).toISOString() };
}
