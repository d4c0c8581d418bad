import { Injectable } from '@nestjs/common';
import { orUnavailable } from '../counters/or-unavailable.js';
import { Sessions } from '../store/sessions.js';
import { digestOf, newSession } from './api-key.js';
import { Unauthorized } from './errors.js';
import type { Grant } from './grant.js';
import { KnownKeys } from './known-keys.js';
import { RateLimits } from './rate-limits.js';

/** A day at work; then one signs in again. */
export const SESSION_LIFE_MS = 12 * 3_600_000;

const NOT_KEPT = 'Sessions cannot be kept: ';

/** Exchanges a key for a session, which a browser may keep: it ends by itself, and with the key. */
@Injectable()
export class SignIn {
  constructor(
    private readonly keys: KnownKeys,
    private readonly sessions: Sessions,
    private readonly limits: RateLimits,
  ) {}

  /**
   * @param address of whom presents the key
   * @returns the session, and what it allows
   * @throws Unauthorized for a key that is not good
   * @throws Unavailable
   */
  async begin(key: string, address: string): Promise<{ session: string; grant: Grant }> {
    const grant = await this.keys.look({ text: key, isSession: false }).catch((error: unknown) => {
      // To try keys out is no cheaper here than anywhere else.
      if (this.limits.isOn && error instanceof Unauthorized) this.limits.chargeForRefusedKey(address);
      throw error;
    });
    const session = newSession();
    const row = { digest: digestOf(session), keyId: grant.keyId, keyDigest: digestOf(key) };
    await orUnavailable(() => this.sessions.add(row, SESSION_LIFE_MS), NOT_KEPT);
    return { session, grant };
  }

  /**
   * Here at once, on other instances within seconds.
   *
   * @throws Unavailable
   */
  async end(session: string): Promise<void> {
    await orUnavailable(() => this.sessions.remove(digestOf(session)), NOT_KEPT);
    this.keys.forget(session);
  }
}
