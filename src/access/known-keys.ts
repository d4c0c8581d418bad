import { timingSafeEqual } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { AccessSettings } from '../config/config.js';
import { DatabaseClock } from '../counters/database-clock.js';
import { Unavailable } from '../domain/errors.js';
import { DAY_MS } from '../domain/time.js';
import { type ApiKey, ApiKeys } from '../store/api-keys.js';
import { StoreFailure } from '../store/failure.js';
import { type Session, Sessions } from '../store/sessions.js';
import { digestOf, idOfApiKey } from './api-key.js';
import type { Credential } from './credential.js';
import { Unauthorized } from './errors.js';
import { ADMIN, ADMIN_KEY_ID, type Grant, grantOf } from './grant.js';
import { StoredCredentials } from './stored-credentials.js';
import { ActionLog } from './action-log.js';

/** How often all that is known is compared with the database: a revoked key is refused everywhere after two of these. */
const REFRESH_INTERVAL_MS = 1_000;

/**
 * What was not compared for this long is not believed without a look: this process was frozen or starved, or Postgres
 * is away or too busy. So a revoked key writes for no longer, and for a write that cannot be had, no key is good.
 */
const BELIEVED_MS = 3_000;

/** While Postgres is away, keys that were good go on reading for this long, as cached reads do by default. */
const OUTAGE_MS = 300_000;

/** For so long after it was found to be away, it counts as away: longer than the tries to compare are apart. */
const AWAY_MS = 5_000;

/** What was not used for this long is no longer compared, and looked up anew when it is used again. */
const IDLE_MS = 60_000;

/** For this long it is known that it was good: its look is not held up by what strangers at its address try out. */
const FORGOTTEN_MS = DAY_MS;

/** What a request would do with its key. What only reads may do so while Postgres is away, and nobody can look. */
export type Use = 'read' | 'write';

/** Keys and sessions in memory, some 500 bytes each; the oldest go first. */
const MAX_KNOWN = 10_000;

/** How often the last use of keys is written. */
const TOUCH_INTERVAL_MS = 60_000;

/** What a key or a session came down to when it was looked at. */
interface Known {
  /** SHA-256 of the session, in hexadecimal; null where the key itself was presented. */
  readonly session: string | null;
  readonly keyId: string;
  readonly keyDigest: Buffer;
  grant: Grant;
  key: ApiKey | null;
  /** Milliseconds of the monotonic clock. */
  checkedAtMs: number;
  usedAtMs: number;
}

/**
 * Which keys and sessions are good. What was looked up once is remembered and compared with the database once a second,
 * so that a request with a known key costs a look into a map.
 */
@Injectable()
export class KnownKeys implements OnApplicationShutdown {
  private readonly logger = new Logger('access');
  private readonly known = new Map<string, Known>();
  private readonly stored: StoredCredentials;
  private readonly adminDigest: Buffer | null;
  private readonly namesPerKey: number;
  private used = new Set<string>();
  private timer: NodeJS.Timeout | null = null;
  private touchedAtMs = -Infinity;

  constructor(
    private readonly keys: ApiKeys,
    sessions: Sessions,
    private readonly actionLog: ActionLog,
    private readonly clock: DatabaseClock,
    { adminKey, namesPerKey }: AccessSettings,
  ) {
    this.namesPerKey = namesPerKey;
    this.adminDigest = adminKey === null ? null : digestOf(adminKey);
    this.stored = new StoredCredentials(keys, sessions);
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.known.clear();
  }

  /** What a key or a session allows, if that is known without waiting; else null, and it must be looked at. */
  recall({ text, isSession }: Credential, use: Use): Grant | null {
    const known = this.known.get(text);
    if (known === undefined || (known.session !== null) !== isSession) return null;
    const nowMs = performance.now();
    if (!this.isBelieved(known, use, nowMs)) return null;
    known.usedAtMs = nowMs;
    return known.grant;
  }

  /** Whether a look could find it to be good: what does not have the form of a key need not be looked up. */
  mayBeGood({ text, isSession }: Credential): boolean {
    // A key that the configuration brings may have any form.
    return isSession || this.adminDigest !== null || idOfApiKey(text) !== null;
  }

  /** Whether it was found to be good in the last day, and was not found to be bad since. */
  wasGood({ text, isSession }: Credential): boolean {
    const known = this.known.get(text);
    return known !== undefined && (known.session !== null) === isSession;
  }

  /**
   * What a key or a session allows.
   *
   * @throws Unauthorized for one that is not good
   * @throws Unavailable where that cannot be learned
   */
  async look(credential: Credential, use: Use): Promise<Grant> {
    try {
      return await (credential.isSession ? this.lookAtSession(credential.text) : this.lookAtKey(credential.text));
    } catch (error) {
      // That Postgres is away may have been found out by this very look.
      const grant = error instanceof Unavailable ? this.recall(credential, use) : null;
      if (grant === null) throw error;
      return grant;
    }
  }

  /**
   * The id of the key that a session was begun with; null where there is no such session.
   *
   * @throws Unavailable
   */
  async keyOfSession(text: string): Promise<string | null> {
    return (await this.stored.oneSession(digestOf(text).toString('hex')))?.keyId ?? null;
  }

  private async lookAtKey(text: string): Promise<Grant> {
    const keyDigest = digestOf(text);
    const isAdmin = this.adminDigest !== null && timingSafeEqual(this.adminDigest, keyDigest);
    const keyId = isAdmin ? ADMIN_KEY_ID : idOfApiKey(text);
    if (keyId === null) throw new Unauthorized('The key is not one of this service: it may have been cut or mistyped.');
    return this.remember(text, { session: null, keyId, keyDigest }, 'The key is unknown, expired or revoked.');
  }

  private async lookAtSession(text: string): Promise<Grant> {
    const digest = digestOf(text).toString('hex');
    const session = await this.stored.oneSession(digest);
    const over = 'The session is over: sign in again.';
    if (session === null) throw new Unauthorized(over);
    return this.remember(text, { session: digest, keyId: session.keyId, keyDigest: session.keyDigest }, over);
  }

  /** Forgets a session that was ended here; other instances notice within seconds. */
  forget(text: string): void {
    this.known.delete(text);
  }

  private async remember(
    text: string,
    credential: Pick<Known, 'session' | 'keyId' | 'keyDigest'>,
    refusal: string,
  ): Promise<Grant> {
    const checkedAtMs = performance.now();
    const isAdmin = credential.keyId === ADMIN_KEY_ID;
    const key = isAdmin ? null : await this.stored.oneKey(credential.keyId);
    const grant = this.grantFor(credential, key);
    if (grant === null) {
      this.known.delete(text);
      throw new Unauthorized(refusal);
    }
    if (this.known.size >= MAX_KNOWN && !this.known.has(text)) {
      const [oldest] = this.known.keys();
      if (oldest !== undefined) this.known.delete(oldest);
    }
    this.known.set(text, { ...credential, grant, key, checkedAtMs, usedAtMs: checkedAtMs });
    this.schedule();
    return grant;
  }

  private grantFor({ keyId, keyDigest }: Pick<Known, 'keyId' | 'keyDigest'>, key: ApiKey | null): Grant | null {
    if (keyId === ADMIN_KEY_ID) {
      return this.adminDigest !== null && timingSafeEqual(this.adminDigest, keyDigest) ? ADMIN : null;
    }
    return key === null ? null : grantOf(key, keyDigest, this.clock.nowMs(), this.namesPerKey);
  }

  /** Compared lately; or, to read, where Postgres was away lately, for not too long. */
  private isBelieved({ checkedAtMs }: Known, use: Use, nowMs: number): boolean {
    if (nowMs - checkedAtMs < BELIEVED_MS) return true;
    return use === 'read' && nowMs - this.stored.awayAtMs < AWAY_MS && nowMs - checkedAtMs < OUTAGE_MS;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.refresh(), REFRESH_INTERVAL_MS).unref();
  }

  /** Compares what is known with the database, and forgets what is not good any more or nobody uses. */
  private async refresh(): Promise<void> {
    const nowMs = performance.now();
    for (const [text, { usedAtMs }] of this.known) if (nowMs - usedAtMs > FORGOTTEN_MS) this.known.delete(text);
    try {
      await this.compare(nowMs);
      await this.touch(nowMs);
    } catch (error) {
      this.forgetExpired();
      if (!(error instanceof StoreFailure)) this.logger.error({ msg: 'keys could not be compared', err: error });
    }
    this.timer = null;
    if (this.known.size > 0) this.schedule();
  }

  private async compare(startedAtMs: number): Promise<void> {
    const all = [...this.known].filter(([, { usedAtMs }]) => startedAtMs - usedAtMs < IDLE_MS);
    const keyIds = new Set(all.map(([, { keyId }]) => keyId).filter((id) => id !== ADMIN_KEY_ID));
    const digests = new Set(all.map(([, { session }]) => session).filter((session) => session !== null));
    const keys = keyIds.size === 0 ? new Map<string, ApiKey>() : await this.stored.findKeys([...keyIds]);
    const sessions = digests.size === 0 ? new Map<string, Session>() : await this.stored.findSessions([...digests]);
    for (const [text, known] of all) {
      const key = keys.get(known.keyId) ?? null;
      const grant = known.session === null || sessions.has(known.session) ? this.grantFor(known, key) : null;
      if (grant === null) {
        this.known.delete(text);
        this.actionLog.add('key or session over', { keyId: known.keyId });
      } else Object.assign(known, { grant, key, checkedAtMs: startedAtMs });
      if (known.usedAtMs > this.touchedAtMs) this.used.add(known.keyId);
    }
  }

  /** Without the database too, what has run out has run out. */
  private forgetExpired(): void {
    for (const [text, known] of this.known) if (this.grantFor(known, known.key) === null) this.known.delete(text);
  }

  private async touch(nowMs: number): Promise<void> {
    this.used.delete(ADMIN_KEY_ID);
    if (this.used.size === 0 || nowMs - this.touchedAtMs < TOUCH_INTERVAL_MS) return;
    const used = [...this.used];
    this.used = new Set();
    this.touchedAtMs = nowMs;
    await this.keys.touch(used);
  }
}
