import { randomBytes } from 'node:crypto';
import type { CacheSettings } from '../config/config.js';
import { grouped } from '../domain/grouped.js';
import { stepsOf } from '../domain/steps.js';
import { decodeEntry, type Entry, KEY_PREFIX } from './entry.js';
import { KEYS_PER_GET } from './gathered-gets.js';
import { GatheredScripts } from './gathered-scripts.js';
import type { Identity } from './identity.js';
import type { Line } from './line.js';
import type { Realm } from './realm.js';
import { unavailable } from './redis-connection.js';
import { run, scriptOf } from './script.js';

/** A lease outlives a slow SELECT, and a dead holder keeps nobody from filling, since leases are shared. */
const LEASE_LIFE_MS = 3_000;

/** Entries lose a random share of their life, so that what was filled together does not expire together. */
const LIFE_JITTER = 0.2;

/** That there is no counter is asked of any name there could be; what many ask at once they ask within seconds. */
export const ABSENCE_LIFE_MS = 5_000;

/** An entry that would live shorter than this is not worth a key. */
const SHORTEST_LIFE_MS = 1;

/** No nonce is a single character. */
const NO_NONCE = '-';

/** An answer to `GET`: three answers, since a cache that is away says nothing about what it holds. */
export type Found = { readonly kind: 'hit'; readonly entry: Entry } | { readonly kind: 'miss' | 'unavailable' };

export type Leased =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'lease'; readonly nonce: string }
  | { readonly kind: 'refused' };

/** A truth on its way to the cache. */
export interface Publication {
  readonly name: string;
  readonly entry: Entry;
  /** The nonce of a lease that was held before the truth was read; null: only replace what is there. */
  readonly nonce: string | null;
  /** When the statement that produced the truth was sent, milliseconds of the monotonic clock. */
  readonly sentAtMs: number;
  /** How long the counter lasts from then on, at most, by the database's clock; null: it does not end by itself. */
  readonly lastsMs: number | null;
}

/**
 * What became of the key: `stored` and `kept` leave an entry at least as new as the truth that was published, the
 * others leave nothing.
 */
export type Published =
  { readonly kind: 'stored' | 'deleted' | 'absent' } | { readonly kind: 'kept'; readonly entry: Entry };

/** The copy: entries and leases in Redis. Everything in here may vanish at any time. */
export class CounterCache {
  /** Leases that were asked for, and what was published, by what came of it. */
  readonly leases: Record<Leased['kind'], number> = { entry: 0, lease: 0, refused: 0 };
  readonly publications: Record<Published['kind'], number> = { stored: 0, kept: 0, deleted: 0, absent: 0 };

  private readonly leaseScript = scriptOf('lease');
  private readonly publishScript = scriptOf('publish');
  private readonly gatheredLeases = new GatheredScripts<string, Leased>((names, identity) =>
    this.lease(names, identity),
  );
  private readonly gatheredPublications = new GatheredScripts<Publication, Published>((publications, identity) =>
    this.publish(publications, identity),
  );

  constructor(
    private readonly realm: Realm,
    private readonly settings: CacheSettings,
  ) {}

  /** One look at one key; concurrent ones travel together. */
  async get(name: string, identity: Identity): Promise<Found> {
    const [found = { kind: 'miss' }] = await this.getEach([name], identity);
    return found;
  }

  /** One look at each of several keys of one identity, in the order asked; concurrent ones travel together. */
  async getEach(names: readonly string[], identity: Identity): Promise<Found[]> {
    if (!identity.line.isOpen) return names.map(() => ({ kind: 'unavailable' }));
    try {
      const chunks = stepsOf(
        names.map((name) => KEY_PREFIX + name),
        KEYS_PER_GET,
      );
      const values = await Promise.all(chunks.map((keys) => identity.line.get(keys, identity.dataSet)));
      return values.flat().map((value) => foundIn(value, identity));
    } catch {
      return names.map(() => ({ kind: 'unavailable' }));
    }
  }

  /**
   * Many at once, in the order asked; null where there is no entry of this identity.
   *
   * @throws CacheUnavailable
   */
  async getMany(names: readonly string[], identity: Identity): Promise<(Entry | null)[]> {
    if (names.length === 0) return [];
    const keys = names.map((name) => KEY_PREFIX + name);
    const values = await identity.line.getNow(keys, identity.dataSet);
    return values.map((value) => (value === null ? null : decodeEntry(value, identity)));
  }

  /** Asks for one lease; concurrent ones travel together. */
  leaseOne(name: string, identity: Identity): Promise<Leased> {
    return this.gatheredLeases.ask(name, identity);
  }

  /** Asks for leases, in the order of the names. */
  async lease(names: readonly string[], identity: Identity): Promise<Leased[]> {
    // It tells leases of one key apart; so one will do for many keys.
    const nonce = randomBytes(16).toString('base64url');
    const calls = stepsOf(names, identity.line.keysPerCall).map((step) => ({
      keys: step.map((name) => KEY_PREFIX + name),
      args: [identity.text, nonce, LEASE_LIFE_MS],
    }));
    const replies = await run<[kind: string, payload: string]>(identity.line, this.leaseScript, calls);
    const leased = replies.flatMap((reply, index) =>
      reply instanceof Error
        ? (calls[index]?.keys ?? []).map(() => ({ kind: 'refused' as const }))
        : reply.map(([kind, payload]) => leasedOf(kind, payload, identity)),
    );
    for (const { kind } of leased) this.leases[kind] += 1;
    return leased;
  }

  /** Publishes one truth, as `publish` does; concurrent ones travel together. */
  publishOne(publication: Publication, identity: Identity): Promise<Published> {
    return this.gatheredPublications.ask(publication, identity);
  }

  /**
   * Publishes truths in one pipeline. When it resolves, no key holds anything older than what was published for it.
   *
   * @throws CacheUnavailable when that cannot be said of every key
   */
  async publish(publications: readonly Publication[], identity: Identity): Promise<Published[]> {
    const now = performance.now();
    const calls = stepsOf(publications, identity.line.keysPerCall).map((step) => ({
      keys: step.map(({ name }) => KEY_PREFIX + name),
      args: [
        identity.text,
        ...step.map(
          ({ entry: { version, json }, nonce, sentAtMs, lastsMs }) =>
            `${this.lifeMs(json, now - sentAtMs, lastsMs)} ${nonce ?? NO_NONCE} ${version} ${json ?? ''}`,
        ),
      ],
    }));
    const replies = await run<string>(identity.line, this.publishScript, calls);
    // A script that Redis refused may have done a part of its work; losing the keys is always safe.
    const refused = calls.filter((_, index) => replies[index] instanceof Error).flatMap(({ keys }) => keys);
    if (refused.length > 0) await unlink(identity.line, refused);
    const published = replies.flatMap((reply, index) =>
      reply instanceof Error
        ? (calls[index]?.keys ?? []).map(() => ({ kind: 'deleted' as const }))
        : reply.map((text) => publishedOf(text, identity)),
    );
    for (const { kind } of published) this.publications[kind] += 1;
    return published;
  }

  /**
   * Deletes entries and leases.
   *
   * @returns how many there were
   */
  async remove(names: readonly string[]): Promise<number> {
    const keys = names.map((name) => KEY_PREFIX + name);
    const byLine = grouped(keys, (key) => this.realm.lineOf(key));
    const removed = await Promise.all([...byLine].map(([line, own]) => unlink(line, own)));
    return removed.reduce((sum, count) => sum + count, 0);
  }

  /** The servers to walk through, one after the other. */
  lines(): readonly Line[] {
    return this.realm.lines();
  }

  /** How many keys this server holds, those of others included. */
  async keyCount(line: Line): Promise<number> {
    return (await line.ask(['dbsize'])) as number;
  }

  /**
   * One step through the names that have an entry or a lease on one server; a name may come twice, as with every `SCAN`.
   *
   * @param cursor '0' to begin; the answer's to go on, until it is '0' again
   * @param count how many keys Redis looks at in this step, about
   */
  async scan(line: Line, cursor: string, count: number): Promise<{ cursor: string; names: string[] }> {
    const reply = await line.ask(['scan', cursor, 'MATCH', `${KEY_PREFIX}*`, 'COUNT', count]);
    const [next, keys] = reply as [string, string[]];
    return { cursor: next, names: keys.map((key) => key.slice(KEY_PREFIX.length)) };
  }

  /** 0: it may not be stored at all. */
  private lifeMs(json: string | null, ageMs: number, lastsMs: number | null): number {
    const longest = json === null ? Math.min(ABSENCE_LIFE_MS, this.settings.ttlMs) : this.settings.ttlMs;
    const life = longest * (1 - LIFE_JITTER * Math.random()) - ageMs;
    const lifeMs = Math.max(SHORTEST_LIFE_MS, Math.floor(life));
    return lastsMs === null ? lifeMs : Math.max(0, Math.min(lifeMs, Math.floor(lastsMs - ageMs)));
  }
}

async function unlink(line: Line, keys: readonly string[]): Promise<number> {
  const replies = await line.send(stepsOf(keys, line.keysPerCall).map((step) => ['unlink', ...step] as const));
  return replies.reduce<number>((sum, reply) => {
    if (reply instanceof Error) throw unavailable(reply);
    return sum + Number(reply);
  }, 0);
}

function foundIn(value: string | null, identity: Identity): Found {
  const entry = value === null ? null : decodeEntry(value, identity);
  return entry === null ? { kind: 'miss' } : { kind: 'hit', entry };
}

function leasedOf(kind: string, payload: string, identity: Identity): Leased {
  if (kind === 'lease') return { kind, nonce: payload };
  const entry = kind === 'entry' ? decodeEntry(payload, identity) : null;
  return entry === null ? { kind: 'refused' } : { kind: 'entry', entry };
}

function publishedOf(reply: string, identity: Identity): Published {
  switch (reply) {
    case 'stored':
    case 'deleted':
    case 'absent':
      return { kind: reply };
    default: {
      // An entry of a Redis that was restarted since the identity was learned is no answer to this caller.
      const entry = decodeEntry(reply, identity);
      return entry === null ? { kind: 'deleted' } : { kind: 'kept', entry };
    }
  }
}
