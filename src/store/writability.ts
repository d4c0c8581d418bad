import { Logger } from '@nestjs/common';
import type pg from 'pg';
import { withClient } from './clients.js';
import { refusalOf, StoreFailure } from './failure.js';

/** The SQLSTATE of a transaction that may not write. */
const READ_ONLY = '25006';

/** What stands behind a refusal, for clients: by its SQLSTATE, else by its class. */
const REASONS: Readonly<Record<string, string>> = {
  [READ_ONLY]: 'it is read-only',
  '53100': 'its disk is full',
  '42501': 'the role of this service may not write',
  '53': 'it is short of resources',
  '58': 'its storage fails',
  '26': 'a pooler in between mixes up sessions',
  '42P05': 'a pooler in between mixes up sessions',
  '42': 'its tables are not those of this version',
  '3F': 'its tables are not those of this version',
};

/** Whether Postgres takes writes: by what came of the last one, and of tries since then. */
export class Writability {
  private readonly log = new Logger('Postgres');
  private code: string | null = null;

  /** @param pool whose sessions write; those that were refused are given back to be destroyed */
  constructor(private readonly pool: pg.Pool) {}

  /** Why it takes none, the end of a sentence for clients; null: it does. */
  get refusal(): string | null {
    return this.code === null ? null : (REASONS[this.code] ?? REASONS[this.code.slice(0, 2)] ?? 'it refuses them');
  }

  /** Does a write, and remembers what came of it. */
  async watch<T>(write: () => Promise<T>): Promise<T> {
    try {
      const written = await write();
      this.note(null, '');
      return written;
    } catch (error) {
      const code = error instanceof StoreFailure ? refusalOf(error) : null;
      if (error instanceof StoreFailure && code !== null) this.note(code, error.message);
      throw error;
    }
  }

  /** Somebody saw that sessions may only read. */
  noteReadOnly(): void {
    this.note(READ_ONLY, 'its sessions may only read');
  }

  /** Writes what is there already, to learn whether it would be taken. */
  async try(): Promise<void> {
    await this.watch(() => withClient(this.pool, (client) => client.query('UPDATE cache_guard SET settled = settled')));
  }

  /** Each turn is told once. */
  private note(code: string | null, reason: string): void {
    if (code === this.code) return;
    this.code = code;
    if (code === null) this.log.log('Postgres takes writes again');
    else this.log.error({ msg: `Postgres takes no writes: ${this.refusal}`, code, reason });
  }
}
