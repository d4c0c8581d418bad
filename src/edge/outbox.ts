import { randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Delivery, digestOf, type ItemVerdict, MAX_DELIVERED, type Position } from '../domain/delivery.js';
import { MINUTE_MS, minuteOf } from '../domain/time.js';
import { type EdgeFile, firstOf } from './edge-file.js';
import type { Kept, View } from './rules.js';

/** A delivery as it is written down: it is sent like that, byte for byte. */
export interface Sealed extends Position {
  readonly first: number;
  readonly digest: string;
  /** JSON, compressed by gzip. */
  readonly body: Buffer;
}

interface ItemRow {
  readonly id: number;
  readonly name: string;
  readonly minute: number;
  readonly by: number;
  readonly count: number;
  readonly key: string | null;
}

/** Deliveries that are removed in one step when they were kept long enough. */
const FORGOTTEN = 500;

/** What is on its way upstream: written down, sent until it is settled, and kept for a while. */
export class Outbox {
  constructor(private readonly file: EdgeFile) {}

  get view(): View {
    const { state, mustAsk } = this.file.row;
    const waiting = this.file.has('SELECT 1 FROM items LIMIT 1') ? 1 : 0;
    return { state, mustAsk, isSealed: this.sealed() !== null, waiting };
  }

  /** The first delivery that is not settled; null: all are. */
  sealed(): Sealed | null {
    const row =
      this.file.all<Omit<Sealed, 'body'> & { body: Uint8Array }>(
        'SELECT first, last, digest, body FROM deliveries WHERE settled_at IS NULL ORDER BY first LIMIT 1',
      )[0] ?? null;
    return row === null ? null : { ...row, body: Buffer.from(row.body) };
  }

  /** Writes down the next delivery, of what waits longest. */
  seal(): void {
    const { file } = this;
    file.transact(() => {
      const rows = file.all<ItemRow>(
        'SELECT id, name, minute, by, count, key FROM items ORDER BY id LIMIT ?',
        MAX_DELIVERED,
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      file.run('DELETE FROM items WHERE id <= ?', last.id);
      // What adds up to nothing changes nothing.
      for (const { name, by, count } of rows) if (by === 0) this.letGo(name, 0, count);
      const items = rows.filter(({ by }) => by !== 0);
      if (items.length === 0) return;
      const more = file.has('SELECT 1 FROM items LIMIT 1');
      const { last: from, digest: previous } = file.row;
      const delivery: Delivery = {
        from,
        to: from + items.length,
        previous,
        nonce: randomUUID(),
        more,
        increments: items.map(({ name, minute, by, key }) => ({
          name,
          by,
          at: new Date(minute * MINUTE_MS).toISOString(),
          ...(key === null ? {} : { idempotencyKey: key }),
        })),
      };
      file.run(
        'INSERT INTO deliveries (first, last, digest, body, counts, settled_at, is_again) VALUES (?, ?, ?, ?, ?, NULL, 0)',
        from,
        delivery.to,
        digestOf(delivery),
        gzipSync(JSON.stringify(delivery)),
        JSON.stringify(items.map(({ count }) => count)),
      );
    });
  }

  /**
   * Notes what became of a delivery: it was taken, each of its items counted or refused.
   *
   * @param sinceMs it was not taken before that: its verdicts may have been given long ago, and lost; null: that is not known
   * @throws Error where the answer is not one to it
   */
  settle(
    { first, last, digest, body }: Sealed,
    verdicts: readonly ItemVerdict[],
    nowMs: number,
    sinceMs: number | null,
  ): void {
    const { file } = this;
    const { increments } = JSON.parse(gunzipSync(body).toString()) as Delivery;
    if (verdicts.length !== increments.length) throw new Error('the answer has not a verdict for each item');
    // What is in it was counted before it was taken.
    const asOfMs = Math.min(nowMs, sinceMs ?? Math.max(...increments.map(({ at }) => Date.parse(at))));
    file.transact(() => {
      const row = firstOf(
        file.all<{ counts: string; is_again: number }>(
          'SELECT counts, is_again FROM deliveries WHERE first = ?',
          first,
        ),
      );
      const counts = JSON.parse(row.counts) as number[];
      increments.forEach(({ name, by, at, idempotencyKey }, index) => {
        const number = first + index + 1;
        const count = counts[index] ?? 1;
        const verdict = verdicts[index];
        if (row.is_again === 0) this.letGo(name, by, count);
        // What upstream decided before it was restored is void.
        else file.run('DELETE FROM refused WHERE number = ?', number);
        if (verdict !== undefined && 'value' in verdict) {
          // Of a key that was known it tells how the counter stood then.
          if (verdict.replayed === true) return;
          file.run(
            `INSERT INTO heard (name, value, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at`,
            name,
            verdict.value,
            asOfMs,
          );
          return;
        }
        const { status, code, detail } = verdict ?? { status: 500, code: 'internal', detail: 'There was no verdict.' };
        file.run(
          `INSERT INTO refused (number, name, minute, by, count, key, status, code, detail, since)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          number,
          name,
          minuteOf(Date.parse(at)),
          by,
          count,
          idempotencyKey ?? null,
          status,
          code,
          detail,
          nowMs,
        );
      });
      file.run('UPDATE deliveries SET settled_at = ?, is_again = 0 WHERE first = ?', nowMs, first);
      file.run('UPDATE edge SET last = ?, digest = ?', last, digest);
    });
  }

  /** Upstream misses something: it must be asked where we stand, before anything else is sent. */
  mustAsk(): void {
    this.file.transact(() => this.file.run('UPDATE edge SET must_ask = 1'));
  }

  /** We stand where upstream does. */
  goOn(): void {
    this.file.transact(() => this.file.run('UPDATE edge SET must_ask = 0'));
  }

  /** Nothing more is sent until somebody decides. */
  stop(state: 'forked' | 'lost'): void {
    this.file.transact(() => this.file.run('UPDATE edge SET state = ?, must_ask = 0', state));
  }

  /** What is kept of a delivery that ended at a number; of 0: whether the first one is. */
  keptAt(last: number): Kept {
    if (last === 0) return this.file.has('SELECT 1 FROM deliveries WHERE first = 0') ? { digest: null } : null;
    const ended = this.file.all<{ digest: string }>('SELECT digest FROM deliveries WHERE last = ?', last)[0] ?? null;
    // The one behind it is needed, too.
    return this.file.has('SELECT 1 FROM deliveries WHERE first = ?', last) ? ended : null;
  }

  /** Sends again what was delivered behind a position. */
  sendAgain({ last, digest }: Position): void {
    const { file } = this;
    file.transact(() => {
      file.run(
        'UPDATE deliveries SET settled_at = NULL, is_again = 1 WHERE first >= ? AND settled_at IS NOT NULL',
        last,
      );
      file.run('UPDATE edge SET last = ?, digest = ?, must_ask = 0', last, digest);
    });
  }

  /**
   * Takes what was under way back to what waits, and goes on from another position: that of a new identity, or the one
   * that upstream told.
   */
  restart({ last, digest }: Position, id: string): void {
    const { file } = this;
    file.transact(() => {
      for (;;) {
        const sealed = this.sealed();
        if (sealed === null) break;
        const { counts, is_again: isAgain } = firstOf(
          file.all<{ counts: string; is_again: number }>(
            'SELECT counts, is_again FROM deliveries WHERE first = ?',
            sealed.first,
          ),
        );
        file.run('DELETE FROM deliveries WHERE first = ?', sealed.first);
        if (isAgain === 1) continue;
        const numbers = JSON.parse(counts) as number[];
        const { increments } = JSON.parse(gunzipSync(sealed.body).toString()) as Delivery;
        increments.forEach(({ name, by, at, idempotencyKey }, index) =>
          file.run(
            'INSERT INTO items (name, minute, by, count, key, open) VALUES (?, ?, ?, ?, ?, 0)',
            name,
            minuteOf(Date.parse(at)),
            by,
            numbers[index] ?? 1,
            idempotencyKey ?? null,
          ),
        );
      }
      // Numbers begin anew, or belong to another chain: what was refused under the old ones is nobody's number any more.
      file.run('DELETE FROM deliveries');
      file.run('UPDATE refused SET number = 0');
      file.run(`UPDATE edge SET id = ?, last = ?, digest = ?, state = 'open', must_ask = 0`, id, last, digest);
    });
  }

  /** Forgets some of what was delivered long enough ago, never the last one. @returns whether more may be left */
  forget(beforeMs: number): boolean {
    const { file } = this;
    const due =
      file.all(
        'SELECT 1 FROM deliveries WHERE settled_at < ? AND last < (SELECT last FROM edge) LIMIT 1',
        beforeMs,
      )[0] ?? null;
    if (due === null) return false;
    const removed = file.transact(() =>
      file.run(
        `DELETE FROM deliveries WHERE first IN (
           SELECT first FROM deliveries WHERE settled_at < ? AND last < (SELECT last FROM edge) ORDER BY first LIMIT ?)`,
        beforeMs,
        FORGOTTEN,
      ),
    );
    return removed === FORGOTTEN;
  }

  private letGo(name: string, by: number, count: number): void {
    const { file } = this;
    file.run('UPDATE pending SET sum = sum - ?, count = count - ? WHERE name = ?', by, count, name);
    file.run('DELETE FROM pending WHERE name = ? AND count <= 0', name);
  }
}
