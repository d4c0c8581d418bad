import { Injectable } from '@nestjs/common';
import type { Credential } from './credential.js';
import { Unauthorized } from './errors.js';
import type { Grant } from './grant.js';
import { KnownKeys, type Use } from './known-keys.js';
import { RateLimits } from './rate-limits.js';

/**
 * Checks keys and sessions that cannot be recalled. An address that tried out too many bad ones waits before it may
 * try the next; keys and sessions that were good before, by whomever at the same address, are not held up.
 */
@Injectable()
export class CredentialChecks {
  constructor(
    private readonly keys: KnownKeys,
    private readonly limits: RateLimits,
  ) {}

  /**
   * What a key or a session allows.
   *
   * @param address of whom presents it
   * @throws Unauthorized for one that is not good
   * @throws RateLimited
   * @throws Unavailable where that cannot be learned
   */
  async check(credential: Credential, use: Use, address: string): Promise<Grant> {
    // Nothing is looked up for it, so it costs no more than any other request.
    if (!this.keys.mayBeGood(credential)) return this.keys.look(credential, use);
    if (!this.keys.wasGood(credential)) this.limits.holdForRefusals(address);
    try {
      return await this.keys.look(credential, use);
    } catch (error) {
      if (error instanceof Unauthorized) this.limits.chargeForRefusal(address);
      throw error;
    }
  }

  /**
   * The id of the key that a session was begun with, null where there is no such session. To ask for many that nobody has costs as much as to try them out.
   *
   * @param address of whom presents it
   * @throws RateLimited
   * @throws Unavailable
   */
  async keyOfSession(session: string, address: string): Promise<string | null> {
    if (!this.keys.wasGood({ text: session, isSession: true })) this.limits.holdForRefusals(address);
    const keyId = await this.keys.keyOfSession(session);
    if (keyId === null) this.limits.chargeForRefusal(address);
    return keyId;
  }
}
