import { Socket } from 'node:net';
import pg from 'pg';
import { placeOf } from '../config/address.js';

/** Nobody waits for one host that long; but who gives a connection up early on a busy machine never gets one. */
const ASK_TIMEOUT_MS = 2_000;

const KEEP_ALIVE_DELAY_MS = 5_000;

/** What a server says about itself. */
export interface HostAnswer {
  /** Of the cluster it belongs to: the same for a primary and its standbys. */
  readonly system: string;
  /** On which it writes; null: it is a standby. */
  readonly timeline: number | null;
}

/** The first eight digits of a WAL file's name; the control file would lag behind until the checkpoint that follows. */
const ANSWER = `
  SELECT system_identifier::text AS system,
         CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END AS timeline
  FROM pg_control_system()`;

/** Asks the server behind an open session. */
export async function answerOf(session: pg.ClientBase): Promise<HostAnswer> {
  const { rows } = await session.query<{ system: string; timeline: string | null }>(ANSWER);
  const [row] = rows;
  if (row === undefined) throw new Error('Postgres did not say which one it is');
  return { system: row.system, timeline: row.timeline === null ? null : Number.parseInt(row.timeline, 16) };
}

/** One of several servers of a database, and the connection over which it is asked what it is. */
export class DatabaseHost {
  readonly host: string;
  readonly port: number;
  /** For people: `host:port`. */
  readonly name: string;
  private session: pg.Client | null = null;
  private asking: Promise<HostAnswer> | null = null;

  /** @param url of this host alone */
  constructor(private readonly url: string) {
    ({ host: this.host, port: this.port } = new pg.Client({ connectionString: url }));
    this.name = placeOf(this);
  }

  /**
   * What it is right now, or is about to say to the question before, if that is not answered yet.
   *
   * @throws Error where it cannot be had
   */
  ask(): Promise<HostAnswer> {
    this.asking ??= this.askAnew().finally(() => (this.asking = null));
    return this.asking;
  }

  /** Lets go of the connection. A question that is under way fails, and the next one opens another. */
  close(): void {
    this.session?.connection.stream.destroy();
    this.session = null;
  }

  private async askAnew(): Promise<HostAnswer> {
    const kept = this.session;
    if (kept !== null) {
      try {
        return await answerOf(kept);
      } catch {
        // The server was started again since; whether it is there says a new connection.
        this.end(kept);
      }
    }
    const session = this.open();
    try {
      await session.connect();
      return await answerOf(session);
    } catch (error) {
      this.end(session);
      throw error;
    }
  }

  private open(): pg.Client {
    const session = new pg.Client({
      connectionString: this.url,
      // Whoever waits for an answer has a timer; kept for the next question, it must hold up no process that would end.
      stream: () => new Socket().unref(),
      application_name: 'evercount-hosts',
      connectionTimeoutMillis: ASK_TIMEOUT_MS,
      query_timeout: ASK_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    });
    session.on('error', () => this.end(session));
    this.session = session;
    return session;
  }

  private end(session: pg.Client): void {
    if (this.session === session) this.session = null;
    session.connection.stream.destroy();
  }
}
