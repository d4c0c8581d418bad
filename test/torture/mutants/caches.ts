/** Caches as they are built elsewhere: each leaves out one thing that this one does. */
import { createHash } from 'node:crypto';
import { CounterCache, type Leased, type Publication, type Published } from '../../../src/cache/counter-cache.js';
import { KEY_PREFIX } from '../../../src/cache/entry.js';
import type { Identity } from '../../../src/cache/identity.js';
import type { Realm } from '../../../src/cache/realm.js';
import { type Script, scriptOf } from '../../../src/cache/script.js';
import type { CacheSettings } from '../../../src/config/config.js';

/** Keeps what is newer; anything else is overwritten, and what is absent is created. */
const SET_IF_NEWER = `
  local held = redis.call('GET', KEYS[1])
  if held and string.sub(held, 1, 25) == string.sub(ARGV[1], 1, 25) then
    if tonumber(string.match(held, ' (%d+) ')) >= tonumber(string.match(ARGV[1], ' (%d+) ')) then return 0 end
  end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1`;

/** Who reads or writes stores what was read or written: no lease, no comparison. */
export class PlainSetCache extends CounterCache {
  constructor(
    protected readonly servers: Realm,
    protected readonly limits: CacheSettings,
  ) {
    super(servers, limits);
  }

  override lease(names: readonly string[]): Promise<Leased[]> {
    return Promise.resolve(names.map(() => ({ kind: 'lease', nonce: 'none' })));
  }

  override async publish(publications: readonly Publication[], { digest }: Identity): Promise<Published[]> {
    for (const { name, entry } of publications) {
      await this.store(KEY_PREFIX + name, `E${digest} ${entry.version} ${entry.json ?? ''}`);
    }
    return publications.map(() => ({ kind: 'stored' }));
  }

  protected async store(key: string, value: string): Promise<void> {
    await this.servers.lineOf(key).ask(['set', key, value, 'PX', this.limits.ttlMs]);
  }
}

/** Compares versions, but has no leases: what is absent is created by whoever comes, however late. */
export class SetIfNewerCache extends PlainSetCache {
  protected override async store(key: string, value: string): Promise<void> {
    await this.servers.lineOf(key).ask(['eval', SET_IF_NEWER, 1, key, value, this.limits.ttlMs]);
  }
}

const NO_IDENTITY = { text: '', digest: '0'.repeat(24) };

/** Does everything, but does not ask which data an entry belongs to. */
export class NoIdentityCache extends CounterCache {
  constructor(realm: Realm, settings: CacheSettings) {
    super(realm, settings);
    for (const name of ['lease', 'publish']) {
      Object.defineProperty(this, `${name}Script`, { value: withoutIdentity(scriptOf(name)) });
    }
  }

  override get(name: string, { dataSet, line }: Identity): ReturnType<CounterCache['get']> {
    return super.get(name, { ...NO_IDENTITY, dataSet, line });
  }

  override getMany(names: readonly string[], { dataSet, line }: Identity): ReturnType<CounterCache['getMany']> {
    return super.getMany(names, { ...NO_IDENTITY, dataSet, line });
  }

  override lease(names: readonly string[], { dataSet, line }: Identity): Promise<Leased[]> {
    return super.lease(names, { ...NO_IDENTITY, dataSet, line });
  }

  override publish(publications: readonly Publication[], { dataSet, line }: Identity): Promise<Published[]> {
    return super.publish(publications, { ...NO_IDENTITY, dataSet, line });
  }
}

function withoutIdentity({ source }: Script): Script {
  const blind = source.replaceAll('identity(ARGV[1])', `'${NO_IDENTITY.digest}'`);
  return { source: blind, sha1: createHash('sha1').update(blind).digest('hex') };
}
