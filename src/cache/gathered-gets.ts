import type { Realm } from './realm.js';

/** Keys of one command: Redis is busy with it for a fraction of a millisecond. */
const MAX_KEYS = 500;

interface Asked {
  readonly key: string;
  readonly resolve: (value: string | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Asks for what is wanted in the same turn of the event loop by one command: dearest of a `GET` is what surrounds it. */
export class GatheredGets {
  private asked: Asked[] = [];

  constructor(private readonly realm: Realm) {}

  /** The value of a key, or null; rejects as the realm does. */
  get(key: string): Promise<string | null> {
    return new Promise((resolve, reject) => {
      this.asked.push({ key, resolve, reject });
      if (this.asked.length === 1) setImmediate(() => void this.send());
      else if (this.asked.length === MAX_KEYS) void this.send();
    });
  }

  private async send(): Promise<void> {
    const { asked } = this;
    if (asked.length === 0) return;
    this.asked = [];
    try {
      const values = (await this.realm.ask(['mget', ...asked.map(({ key }) => key)])) as (string | null)[];
      asked.forEach(({ resolve }, index) => resolve(values[index] ?? null));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
