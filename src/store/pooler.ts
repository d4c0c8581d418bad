import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { ConfigError } from '../config/config.js';
import { connectionConfig } from './connections.js';

/** What a pooler says to what a client may not say at the beginning, or not in its mode. */
const REFUSALS = /startup parameter|command-line options|RDS Proxy|pooled connection/i;
const NO_TRANSACTIONS = /transaction blocks not allowed/i;

/** A pooler may give the second session another server than the first had, as if there were no pooler. */
const ROUNDS = 3;

const MARK = 'evercount.session';

/** After what sessions are given away: never, each transaction, each statement. */
type Shared = 'never' | 'transaction' | 'statement';

/**
 * Refuses a pooler that gives sessions away.
 *
 * @param variable that the URL is from
 * @param tolerates a pooler that does so after each transaction
 * @throws ConfigError naming the endpoints that can be taken instead
 */
export async function refusePooler(variable: string, url: string, tolerates: boolean): Promise<void> {
  let reason: string;
  try {
    const shared = await sharedAfter(url);
    if (shared === 'never' || (shared === 'transaction' && tolerates)) return;
    reason = `gives its sessions to others after each ${shared}`;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!REFUSALS.test(message)) throw error;
    reason = `refuses what the URL asks for (${message})`;
  }
  throw new ConfigError(
    `${variable} leads to a pooler that ${reason}: what this service sets, prepares or locks would be lost, or be ` +
      `another's. Take the direct endpoint of Postgres, or one that pools by session (PgBouncer: pool_mode=session; ` +
      'Supabase: port 5432; Neon: the host without "-pooler"; RDS Proxy: the endpoint of the instance or cluster ' +
      'itself), without "options" in the URL; or set DATABASE_POOLER=transaction beside a direct ' +
      'MIGRATIONS_DATABASE_URL, see docs/deployment.md',
  );
}

/** Finds out by two sessions: what one of them sets is seen by the other, or no longer by itself. */
export async function sharedAfter(url: string): Promise<Shared> {
  // Of pools alone is what begins a session: here nothing is set that might stay in another's.
  const { Client, ...config } = connectionConfig(url);
  const clients = [new Client(config), new Client(config)] as const;
  try {
    for (const client of clients) {
      // A connection that breaks also fails the query on it.
      client.on('error', () => undefined);
      await client.connect();
    }
    for (let round = 1; round <= ROUNDS; round += 1) {
      if (await isSharedNow(...clients)) return 'transaction';
    }
    return 'never';
  } catch (error) {
    if (error instanceof Error && NO_TRANSACTIONS.test(error.message)) return 'statement';
    throw error;
  } finally {
    for (const client of clients) await client.end().catch(() => undefined);
  }
}

async function isSharedNow(one: pg.Client, other: pg.Client): Promise<boolean> {
  const mark = randomUUID();
  await one.query('SELECT set_config($1, $2, false)', [MARK, mark]);
  await other.query('BEGIN');
  // Asked first: where there is a single server session, the other one has it.
  const isSeen = (await markOf(other)) === mark;
  const isLost = !isSeen && (await markOf(one)) !== mark;
  await other.query('ROLLBACK');
  return isSeen || isLost;
}

async function markOf(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ mark: string | null }>('SELECT current_setting($1, true) AS mark', [MARK]);
  return rows[0]?.mark ?? null;
}
