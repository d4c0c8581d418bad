import { orUnavailable } from '../counters/or-unavailable.js';
import type { ApiKey, ApiKeys } from '../store/api-keys.js';
import { isOutage, StoreFailure } from '../store/failure.js';
import type { Session, Sessions } from '../store/sessions.js';
import { GatheredStatements } from './gathered-statements.js';

const NOT_FOUND_OUT = 'Keys cannot be looked up: ';

/** Keys and sessions as Postgres has them, and when it was found to be away. */
export class StoredCredentials {
  /** Milliseconds of the monotonic clock. Not so where Postgres is only busy: whoever keeps it so changes nothing here. */
  awayAtMs = -Infinity;
  private readonly key: GatheredStatements<string, ApiKey | undefined>;
  private readonly session: GatheredStatements<string, Session | undefined>;

  constructor(
    private readonly keys: ApiKeys,
    private readonly sessions: Sessions,
  ) {
    this.key = new GatheredStatements(async (ids) => {
      const found = await this.findKeys([...new Set(ids)]);
      return (id) => found.get(id);
    });
    this.session = new GatheredStatements(async (digests) => {
      const found = await this.findSessions([...new Set(digests)]);
      return (digest) => found.get(digest);
    });
  }

  /** @throws Unavailable */
  async oneKey(id: string): Promise<ApiKey | null> {
    return (await orUnavailable(() => this.key.one(id), NOT_FOUND_OUT)) ?? null;
  }

  /**
   * @param digest in hexadecimal
   * @throws Unavailable
   */
  async oneSession(digest: string): Promise<Session | null> {
    return (await orUnavailable(() => this.session.one(digest), NOT_FOUND_OUT)) ?? null;
  }

  /** @throws StoreFailure */
  async findKeys(ids: readonly string[]): Promise<Map<string, ApiKey>> {
    const found = await this.notingOutage(this.keys.find(ids));
    return new Map(found.map((key) => [key.id, key]));
  }

  /**
   * @param digests in hexadecimal, as they are in what is found
   * @throws StoreFailure
   */
  async findSessions(digests: readonly string[]): Promise<Map<string, Session>> {
    const found = await this.notingOutage(this.sessions.find(digests.map((digest) => Buffer.from(digest, 'hex'))));
    return new Map(found.map((session) => [session.digest.toString('hex'), session]));
  }

  private async notingOutage<T>(statement: Promise<T>): Promise<T> {
    try {
      return await statement;
    } catch (error) {
      if (error instanceof StoreFailure && isOutage(error)) this.awayAtMs = performance.now();
      throw error;
    }
  }
}
