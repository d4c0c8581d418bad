import type { Identity } from './identity.js';
import type { Realm, Values } from './realm.js';
import { otherServer } from './redis-connection.js';

/** Keys of one command: Redis is busy with it for a fraction of a millisecond. */
const MAX_KEYS = 500;

interface Asked {
  readonly keys: readonly string[];
  readonly identity: Identity;
  readonly resolve: (values: readonly (string | null)[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks for what is wanted in the same turn of the event loop by one command, and once for what is wanted often: dearest
 * of a `GET` is what surrounds it.
 */
export class GatheredGets {
  private asked: Asked[] = [];
  private count = 0;

  constructor(private readonly realm: Realm) {}

  /**
   * The values of up to MAX_KEYS keys, or null, in their order.
   *
   * @throws CacheUnavailable also where what answered is not the server of the identity, or is it no more
   */
  get(keys: readonly string[], identity: Identity): Promise<readonly (string | null)[]> {
    return new Promise((resolve, reject) => {
      if (this.count + keys.length > MAX_KEYS) void this.send();
      this.asked.push({ keys, identity, resolve, reject });
      this.count += keys.length;
      if (this.asked.length === 1) setImmediate(() => void this.send());
    });
  }

  private async send(): Promise<void> {
    const { asked } = this;
    if (asked.length === 0) return;
    this.asked = [];
    this.count = 0;
    const places = new Map<string, number>();
    for (const { keys } of asked) for (const key of keys) if (!places.has(key)) places.set(key, places.size);
    try {
      answer(asked, places, await this.realm.values([...places.keys()]));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}

function answer(asked: readonly Asked[], places: ReadonlyMap<string, number>, { values, dataSet }: Values): void {
  for (const { keys, identity, resolve, reject } of asked) {
    if (identity.dataSet === dataSet) resolve(keys.map((key) => values[places.get(key) ?? -1] ?? null));
    else reject(otherServer());
  }
}
