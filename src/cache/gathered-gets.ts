import type { Identity } from './identity.js';
import type { Realm } from './realm.js';
import { otherServer } from './redis-connection.js';

/** Keys of one command: Redis is busy with it for a fraction of a millisecond. */
const MAX_KEYS = 500;

interface Asked {
  readonly key: string;
  readonly identity: Identity;
  readonly resolve: (value: string | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Asks for what is wanted in the same turn of the event loop by one command: dearest of a `GET` is what surrounds it. */
export class GatheredGets {
  private asked: Asked[] = [];

  constructor(private readonly realm: Realm) {}

  /**
   * The value of a key, or null.
   *
   * @throws CacheUnavailable also where what answered is not the server of the identity, or is it no more
   */
  get(key: string, identity: Identity): Promise<string | null> {
    return new Promise((resolve, reject) => {
      this.asked.push({ key, identity, resolve, reject });
      if (this.asked.length === 1) setImmediate(() => void this.send());
      else if (this.asked.length === MAX_KEYS) void this.send();
    });
  }

  private async send(): Promise<void> {
    const { asked } = this;
    if (asked.length === 0) return;
    this.asked = [];
    try {
      const { values, dataSet } = await this.realm.values(asked.map(({ key }) => key));
      asked.forEach(({ identity, resolve, reject }, index) => {
        if (identity.dataSet === dataSet) resolve(values[index] ?? null);
        else reject(otherServer());
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
