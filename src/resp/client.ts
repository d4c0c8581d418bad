import type { Credential } from '../access/credential.js';
import type { Grant } from '../access/grant.js';
import type { Protocol } from '../wire/resp/reply.js';
import type { OpenTransaction } from './transaction.js';

/** What is known of the other side of a connection, as CLIENT tells it. */
export class Client {
  protocol: Protocol = 2;
  /** By what it was let in; null: it has not said yet. */
  credential: Credential | null = null;
  /** What it may do, as it was found out last. */
  grant: Grant | null = null;
  name = '';
  libName = '';
  libVersion = '';
  /** What MULTI has begun; null: nothing. */
  transaction: OpenTransaction | null = null;
  /** The versions that names had when they were watched. */
  readonly watched = new Map<string, number>();
  /** Whether a WATCH was not answered: nobody can tell whether what it named has changed. */
  isWatchLost = false;
  lastCommand = 'NULL';
  /** Whether its connection ends with the next answer. */
  isLeaving = false;
  readonly createdAtMs = performance.now();
  lastAtMs = performance.now();

  /**
   * @param ends of its connection
   * @param hangUp closes it
   */
  constructor(
    readonly id: number,
    readonly address: string,
    readonly requestId: string,
    readonly ends: { readonly peer: string; readonly local: string },
    readonly hangUp: () => void,
  ) {}

  /** As when it had just connected. */
  reset(): void {
    this.protocol = 2;
    this.credential = null;
    this.grant = null;
    this.name = '';
    this.endTransaction();
  }

  /** Nothing is begun any more, and nothing watched. */
  endTransaction(): void {
    this.transaction = null;
    this.unwatch();
  }

  unwatch(): void {
    this.watched.clear();
    this.isWatchLost = false;
  }
}
