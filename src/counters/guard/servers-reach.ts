import { Reach } from './reach.js';

/** Whether the two servers that everything stands on answer this instance; each turn is told once. */
export class ServersReach {
  private readonly postgres = new Reach({
    away: 'Postgres does not answer; what is cached is served unverified',
    back: 'Postgres answers',
  });
  private readonly redis = new Reach({
    away: 'the cache is not used: reads come from Postgres, until Redis can be used',
    back: 'Redis answers',
  });
  private postgresUp = false;

  /** Silent once, Postgres counts as there. */
  get hasPostgres(): boolean {
    return this.postgresUp;
  }

  /** Whether each answered the last poll, or the one before at least. */
  get reach(): { readonly postgres: Reach['state']; readonly redis: Reach['state'] } {
    return { postgres: this.postgres.state, redis: this.redis.state };
  }

  /** To be called after each poll, with who answered. */
  note(answered: { readonly postgres: boolean; readonly redis: boolean }): void {
    this.redis.note(answered.redis);
    this.postgres.note(answered.postgres);
    this.postgresUp = this.postgres.answeredLast || (this.postgresUp && !this.postgres.isAway);
  }

  /** @param reasons why one is out of reach, as far as that is known */
  tell(reasons: { readonly postgres: string | null; readonly redis: string | null }, isStarting: boolean): void {
    this.postgres.tell(reasons.postgres);
    if (!isStarting || this.redis.answeredLast) this.redis.tell(reasons.redis);
  }
}
