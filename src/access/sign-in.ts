import { Injectable } from '@nestjs/common';
import { orUnavailable } from '../counters/or-unavailable.js';
import { type Session, Sessions } from '../store/sessions.js';
import { digestOf, newSession } from './api-key.js';
import { Unauthorized } from './errors.js';
import { GatheredStatements } from './gathered-statements.js';
import type { Grant } from './grant.js';
import { KnownKeys } from './known-keys.js';
import { RateLimits } from './rate-limits.js';

/** A day at work; then one signs in again. */
export const SESSION_LIFE_MS = 12 * 3_600_000;

const NOT_KEPT = 'Sessions cannot be kept: ';

/** Exchanges a key for a session, which a browser may keep: it ends by itself, and with the key. */
@Injectable()
export class SignIn {
  private readonly added: GatheredStatements<Omit<Session, 'expiresAt'>, undefined>;
  private readonly removed: GatheredStatements<Buffer, undefined>;

  constructor(
    private readonly keys: KnownKeys,
    sessions: Sessions,
    private readonly limits: RateLimits,
  ) {
    this.added = new GatheredStatements(async (rows) => {
      await sessions.add(rows, SESSION_LIFE_MS);
      return () => undefined;
    });
    this.removed = new GatheredStatements(async (digests) => {
      await sessions.remove(digests);
      return () => undefined;
    });
  }

  /**
   * @param address of whom presents the key
   * @returns the session, and what it allows
   * @throws Unauthorized for a key that is not good
   * @throws Unavailable
   */
  async begin(key: string, address: string): Promise<{ session: string; grant: Grant }> {
    const grant = await this.keys.look({ text: key, isSession: false }, 'write').catch((error: unknown) => {
      // To try keys out is no cheaper here than anywhere else.
      if (error instanceof Unauthorized) this.charge(address);
      throw error;
    });
    const session = newSession();
    const row = { digest: digestOf(session), keyId: grant.keyId, keyDigest: digestOf(key) };
    await orUnavailable(() => this.added.one(row), NOT_KEPT);
    return { session, grant };
  }

  /**
   * Ends a session, if there is one: here at once, on other instances within seconds.
   *
   * @param address of whom presents it
   * @throws Unavailable
   */
  async end(session: string, address: string): Promise<void> {
    // Anybody may ask for this: who has no session makes the database look, and write nothing.
    if (!(await this.keys.hasSession(session))) {
      this.charge(address);
      return;
    }
    await orUnavailable(() => this.removed.one(digestOf(session)), NOT_KEPT);
    this.keys.forget(session);
  }

  private charge(address: string): void {
    if (this.limits.isOn) this.limits.chargeForRefusedKey(address);
  }
}
