import type pg from 'pg';
import type { Buckets } from '../domain/bucket.js';
import type { ItemVerdict, Position } from '../domain/delivery.js';
import type { Beside, Decided, DecidedBatch, DecidedBatches, Decisions, Locked } from './decided-batches.js';
import { withClient } from './clients.js';
import { utc } from './utc.js';

/** What is known here of an edge. */
export interface EdgeRow extends Position {
  /** What became of the items of the last delivery. */
  readonly verdicts: readonly ItemVerdict[];
  /** When nothing was left waiting at the edge, last, RFC 3339; null: that never was. */
  readonly settledAt: string | null;
}

/** As it is told to whoever asks where an edge stands. */
export interface EdgeSummary extends Position {
  readonly deliveredAt: string;
  /** Items that were refused, of all its deliveries. */
  readonly refused: number;
}

/** An item that was counted in a minute that is over. */
export interface LateIncrement {
  readonly name: string;
  /** RFC 3339. */
  readonly at: string;
  readonly by: number;
  readonly version: number;
  readonly createdAt: string;
}

/** How a row is moved, and what is left for the history to do. */
export interface Move extends EdgeRow {
  readonly last: number;
  readonly digest: string;
  readonly late: readonly LateIncrement[];
  readonly refused: number;
}

/** What is seen of an edge under the lock of its row. */
export interface LockedEdge {
  /** Null: nothing was ever taken from it here. */
  readonly row: EdgeRow | null;
  /** Edges that its key has begun. */
  readonly ofOwner: number;
}

/** Which edge a batch comes from, and by which key. */
export interface Sender {
  readonly id: string;
  readonly owner: string;
}

/** How far each edge has come, moved in the transaction that adds what it delivered. */
export class Edges {
  constructor(
    private readonly pool: pg.Pool,
    private readonly batches: DecidedBatches,
    private readonly buckets: Buckets,
  ) {}

  /**
   * As `DecidedBatches.run`, with the row of an edge that is locked before, and moved in the same transaction.
   *
   * @param decide also how the row is to be moved; null: it stays
   */
  async run<Verdict>(
    batch: DecidedBatch,
    sender: Sender,
    decide: (
      locked: Locked,
      edge: LockedEdge,
    ) => { readonly decisions: Decisions<Verdict>; readonly move: Move | null },
  ): Promise<Decided<Verdict>> {
    let edge: LockedEdge = { row: null, ofOwner: 0 };
    let move: Move | null = null;
    const beside: Beside<Verdict> = {
      lock: async (client) => {
        edge = await lock(client, sender);
      },
      write: async (client) => {
        if (move === null) return;
        await write(client, sender, move, edge.row === null);
        if (move.late.length > 0) await noteLate(client, this.buckets, move.late);
      },
    };
    return this.batches.run<Verdict>(
      batch,
      (locked) => {
        const decided = decide(locked, edge);
        move = decided.move;
        return decided.decisions;
      },
      beside,
    );
  }

  /** How far an edge has come; null: nothing was ever taken from it. */
  async find(id: string): Promise<EdgeSummary | null> {
    const { rows } = await withClient(this.pool, (client) =>
      client.query<{ last: string; digest: string; delivered_at: string; refused: string }>(
        `SELECT last, digest, ${utc('delivered_at')} AS delivered_at, refused FROM edges WHERE id = $1`,
        [id],
      ),
    );
    const [row] = rows;
    if (row === undefined) return null;
    const { last, digest, delivered_at: deliveredAt, refused } = row;
    return { last: Number(last), digest, deliveredAt, refused: Number(refused) };
  }
}

async function lock(client: pg.ClientBase, { id, owner }: Sender): Promise<LockedEdge> {
  const { rows } = await client.query<{
    last: string;
    digest: string;
    verdicts: readonly ItemVerdict[];
    settled_at: string | null;
  }>({
    name: 'lock-edge',
    text: `SELECT last, digest, verdicts, ${utc('settled_at')} AS settled_at FROM edges WHERE id = $1 FOR UPDATE`,
    values: [id],
  });
  const [row] = rows;
  if (row === undefined) {
    const { rows: counted } = await client.query<{ edges: number }>(
      'SELECT count(*)::int AS edges FROM edges WHERE owner = $1',
      [owner],
    );
    return { row: null, ofOwner: counted[0]?.edges ?? 0 };
  }
  const { last, digest, verdicts, settled_at: settledAt } = row;
  return { row: { last: Number(last), digest, verdicts, settledAt }, ofOwner: 0 };
}

/** A plain INSERT of a row that was not there to lock fails where the same edge was faster. */
async function write(client: pg.ClientBase, sender: Sender, move: Move, isNew: boolean): Promise<void> {
  const { last, digest, verdicts, settledAt, refused } = move;
  const moved = [sender.id, last, digest, JSON.stringify(verdicts), settledAt, refused];
  if (isNew) {
    await client.query({
      name: 'begin-edge',
      text: `INSERT INTO edges (id, last, digest, verdicts, settled_at, refused, owner, delivered_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())`,
      values: [...moved, sender.owner],
    });
  } else {
    await client.query({
      name: 'move-edge',
      text: `UPDATE edges SET last = $2, digest = $3, verdicts = $4, settled_at = $5, refused = refused + $6,
                              delivered_at = clock_timestamp()
             WHERE id = $1`,
      values: moved,
    });
  }
}

async function noteLate(client: pg.ClientBase, buckets: Buckets, late: readonly LateIncrement[]): Promise<void> {
  const names = late.map(({ name }) => name);
  await client.query({
    name: 'note-late-increments',
    text: `INSERT INTO late_increments (bucket, name, at, by, version, created_at)
           SELECT bucket, name, date_trunc('minute', at, 'UTC'), by, version, created_at
           FROM unnest($1::smallint[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::timestamptz[])
             AS late (bucket, name, at, by, version, created_at)`,
    values: [
      buckets.ofEach(names),
      names,
      late.map(({ at }) => at),
      late.map(({ by }) => by),
      late.map(({ version }) => version),
      late.map(({ createdAt }) => createdAt),
    ],
  });
}
