import { ok } from 'node:assert/strict';
import type pg from 'pg';
import { LIMITS } from './connections.js';
import { withClient } from './clients.js';
import { StoreFailure } from './failure.js';

/** How long a statement whose answer was lost may still run, and only then begin to wait for the standby. */
const MAY_STILL_RUN_MS = 2_000;

ok(LIMITS.statement_timeout < MAY_STILL_RUN_MS, 'by then the server has ended it, or waits with its commit');

/**
 * An expression that writes to the log of Postgres, and touches no row. A commit with nothing in the log waits for no
 * standby: whoever tells what others committed has this in the same transaction, and tells it behind that commit.
 */
export const LOGGED = `pg_logical_emit_message(true, 'evercount', '')`;

/** What a pool does with each new session before it is used; pg's types do not know that it waits for that. */
interface BeginsSessions {
  onConnect?: ((client: pg.ClientBase) => unknown) | undefined;
}

/** A process of the server, as we know it. */
interface Session {
  readonly pid: number;
  /** It is the server's own number of it. A pooler gives out others, under which the server never shows anything. */
  readonly byServer: boolean;
}

/** Something that may have been committed on this server only. */
interface Doubt {
  /** Who was at it when its answer was lost; null: it has surely ended. */
  readonly session: Session | null;
  /** When it may still have run, last, milliseconds of the monotonic clock. */
  readonly atMs: number;
}

/**
 * Knows when what can be read here may be missing on the synchronous standby.
 *
 * While a commit waits for its standby, nobody sees what it wrote. If the wait is cancelled, the session terminated or
 * the server restarted, everybody does, and a failover would take it back. So after each outcome that is not known, and
 * on each server that was not met before, a restarted one too, nothing that was read is told before one small commit that
 * waited like any other: behind it all that was there before is on the standby too.
 */
export class Replication {
  private doubts: readonly Doubt[] = [];
  private server: string | null = null;
  private confirming: Promise<void> = Promise.resolve();
  private next: Promise<void> | null = null;
  private readonly sessions = new WeakMap<pg.ClientBase, Session>();

  /** @param pool for the small commits */
  constructor(private readonly pool: pg.Pool) {}

  /** Looks at the server of each new session of a pool, before it is used. */
  watch({ options }: { readonly options: BeginsSessions }): void {
    const { onConnect } = options;
    options.onConnect = async (client) => {
      await onConnect?.(client);
      await this.meet(client);
    };
  }

  /**
   * Runs what ends in a commit. Not while an earlier one of ours still waits for the standby, as this one would too: each
   * would leave another session of the server behind, since no timeout ends that wait.
   */
  async commit<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.doubting(pool, async (client) => {
      if (this.doubts.some(({ session }) => session !== null)) refuseBehind(await this.waiting(client));
      return () => work(client);
    });
  }

  /**
   * Settles when what was read before the call may be told.
   *
   * @throws StoreFailure where a failover could still take it back
   */
  async confirm(): Promise<void> {
    if (this.doubts.length === 0) return;
    // A commit under way may have begun before something that was read: who comes now shares the next one.
    this.next ??= this.confirming
      .catch(() => undefined)
      .then(() => {
        this.next = null;
        this.confirming = this.commitNothing();
        return this.confirming;
      });
    return this.next;
  }

  private async commitNothing(): Promise<void> {
    let beganAtMs = 0;
    const committed = await this.doubting(this.pool, async (client) => {
      const waiting = await this.waiting(client);
      // What still waits is seen by nobody, so nothing of it was read.
      if (this.doubts.every(({ session }) => session !== null && waiting.has(session.pid)))
        return () => Promise.resolve(false);
      refuseBehind(waiting);
      beganAtMs = performance.now();
      return () => client.query(`SELECT ${LOGGED}`).then(() => true);
    });
    if (!committed) return;
    this.doubts = this.doubts.filter(
      ({ session, atMs }) => atMs > (session === null ? beganAtMs : beganAtMs - MAY_STILL_RUN_MS),
    );
  }

  /** @param prepare reads, and answers with what commits: only of that it matters if its answer is lost */
  private async doubting<T>(pool: pg.Pool, prepare: (client: pg.PoolClient) => Promise<() => Promise<T>>): Promise<T> {
    const tried = { session: null as Session | null, mayBeCommitted: false };
    try {
      return await withClient(pool, async (client) => {
        const commit = await prepare(client);
        tried.session = this.sessions.get(client) ?? null;
        tried.mayBeCommitted = true;
        return commit();
      });
    } catch (error) {
      const isLost = error instanceof StoreFailure && error.fate === 'unknown';
      if (isLost && tried.mayBeCommitted) this.doubt(tried.session);
      throw error;
    }
  }

  /** Behind a pooler, or an address that moved, sessions outlive the server: somebody saw that it is another one. */
  noteOtherServer(): void {
    this.doubt(null);
  }

  private async meet(client: pg.ClientBase & { readonly processID?: number | null }): Promise<void> {
    const { rows } = await client.query<{ server: string; pid: number }>(
      `SELECT concat_ws(' ', system_identifier, pg_postmaster_start_time()) AS server, pg_backend_pid() AS pid
       FROM pg_control_system()`,
    );
    const { server, pid } = rows[0] ?? { server: null, pid: null };
    // pg's types do not know what it was told of the process.
    const { processID = null } = client;
    if (processID !== null) this.sessions.set(client, { pid: processID, byServer: processID === pid });
    if (server !== this.server) this.doubt(null);
    this.server = server;
  }

  private doubt(session: Session | null): void {
    // Of those without a session the latest stands for all: what is behind it is behind the others.
    const others = session === null ? this.doubts.filter((doubt) => doubt.session !== null) : this.doubts;
    this.doubts = [...others, { session, atMs: performance.now() }];
  }

  /** The sessions that we lost and that wait for the standby now; of those that have ended, what they wrote is in doubt. */
  private async waiting(client: pg.PoolClient): Promise<ReadonlySet<number>> {
    const lost = this.doubts.flatMap(({ session }) => session?.pid ?? []);
    if (lost.length === 0) return new Set();
    const { rows } = await client.query<{ pid: number; waits: boolean; runs: boolean }>(
      `SELECT pid, wait_event IS NOT DISTINCT FROM 'SyncRep' AS waits, state IS NOT DISTINCT FROM 'active' AS runs
       FROM pg_stat_activity WHERE pid = ANY($1::int[])`,
      [lost],
    );
    const there = new Set(rows.map(({ pid }) => pid));
    const waiting = new Set(rows.filter(({ waits }) => waits).map(({ pid }) => pid));
    // On a disk that is slow it comes to wait for the standby late.
    const running = new Set(rows.filter(({ waits, runs }) => runs && !waits).map(({ pid }) => pid));
    const nowMs = performance.now();
    this.doubts = this.doubts.map((doubt) =>
      doubt.session !== null && running.has(doubt.session.pid) ? { ...doubt, atMs: nowMs } : doubt,
    );
    const runsAtMost = nowMs - MAY_STILL_RUN_MS;
    const hasEnded = ({ session, atMs }: Doubt): boolean =>
      session !== null &&
      !waiting.has(session.pid) &&
      (atMs < runsAtMost || (session.byServer && !there.has(session.pid)));
    if (this.doubts.some(hasEnded)) {
      this.doubts = this.doubts.filter((doubt) => !hasEnded(doubt));
      this.doubt(null);
    }
    return waiting;
  }
}

function refuseBehind(waiting: ReadonlySet<number>): void {
  if (waiting.size === 0) return;
  throw new StoreFailure('not_sent', new Error('an earlier commit still waits for the synchronous standby'));
}
