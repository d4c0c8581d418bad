import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/deed.js';
import { HOUR_MS } from '../domain/time.js';
import { orUnavailable } from '../counters/or-unavailable.js';
import { type Session, type SessionDeed, Sessions } from '../store/sessions.js';
import { actorOf } from './actor.js';
import { digestOf, newSession } from './api-key.js';
import { Forbidden } from './errors.js';
import { GatheredStatements } from './gathered-statements.js';
import type { Grant } from './grant.js';
import { KnownKeys } from './known-keys.js';
import { CredentialChecks } from './credential-checks.js';
import { RateLimits } from './rate-limits.js';
import { ActionLog } from './action-log.js';

/** A day at work; then one signs in again. */
export const SESSION_LIFE_MS = 12 * HOUR_MS;

const NOT_KEPT = 'Sessions cannot be kept: ';

/** Browsers that one key signs in at the same time; a further one ends the session that began first. */
export const SESSIONS_PER_KEY = 20;

/** The request that presents a key or a session. */
interface Presenting {
  readonly address: string;
  readonly requestId: string;
}

/** Exchanges a key for a session, which a browser may keep: it ends by itself, and with the key. */
@Injectable()
export class SignIn {
  private readonly added: GatheredStatements<SessionDeed<Omit<Session, 'expiresAt'>>, undefined>;
  private readonly removed: GatheredStatements<SessionDeed<Pick<Session, 'digest' | 'keyId'>>, undefined>;

  constructor(
    private readonly keys: KnownKeys,
    private readonly checks: CredentialChecks,
    sessions: Sessions,
    private readonly limits: RateLimits,
    private readonly actionLog: ActionLog,
  ) {
    this.added = new GatheredStatements(async (rows) => {
      await sessions.add(rows, SESSION_LIFE_MS, SESSIONS_PER_KEY);
      return () => undefined;
    });
    this.removed = new GatheredStatements(async (ended) => {
      await sessions.remove(ended);
      return () => undefined;
    });
  }

  /**
   * @returns the session, and what it allows
   * @throws Unauthorized for a key that is not good
   * @throws Forbidden for one that is bound to pages
   * @throws RateLimited
   * @throws Unavailable
   */
  async begin(key: string, { address, requestId }: Presenting): Promise<{ session: string; grant: Grant }> {
    const grant = await this.checks.check({ text: key, isSession: false }, 'write', address);
    if (grant.origins.length > 0) throw new Forbidden('The key is for pages of other origins, which keep no session.');
    this.limits.takeForSignIn(grant.keyId);
    const session = newSession();
    const row = { digest: digestOf(session), keyId: grant.keyId, keyDigest: digestOf(key) };
    const by = actorOf(grant, { via: 'http', address, requestId }, true);
    await orUnavailable(() => this.added.one({ session: row, by }), NOT_KEPT);
    this.actionLog.add('signed in', { keyId: grant.keyId, address, requestId });
    return { session, grant };
  }

  /**
   * Ends a session, if there is one: here at once, on other instances within seconds.
   *
   * @throws RateLimited
   * @throws Unavailable
   */
  async end(session: string, { address, requestId }: Presenting): Promise<void> {
    // Anybody may ask for this: who has no session makes the database look, and write nothing.
    const keyId = await this.checks.keyOfSession(session, address);
    if (keyId === null) return;
    const by: Actor = { actor: keyId, isSession: true, via: 'http', address, requestId };
    await orUnavailable(() => this.removed.one({ session: { digest: digestOf(session), keyId }, by }), NOT_KEPT);
    this.keys.forget(session);
    this.actionLog.add('signed out', { keyId, address, requestId });
  }
}
