import { otherServer, unavailable } from './redis-connection.js';

/** Keys of one command: Redis is busy with it for a fraction of a millisecond. */
export const KEYS_PER_GET = 500;

/** What keys hold, or why their server would not say, and what that server was right after that. */
export interface Values {
  readonly values: readonly (string | null | Error)[];
  /** See `dataSetOf`. */
  readonly dataSet: string | null;
}

interface Asked {
  readonly keys: readonly string[];
  readonly dataSet: string;
  readonly resolve: (values: readonly (string | null)[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks one server for what is wanted in the same turn of the event loop at once, and once for what is wanted often:
 * dearest of a `GET` is what surrounds it.
 */
export class GatheredGets {
  private asked: Asked[] = [];
  private count = 0;

  constructor(private readonly look: (keys: readonly string[]) => Promise<Values>) {}

  /**
   * The values of up to KEYS_PER_GET keys, or null, in their order.
   *
   * @throws CacheUnavailable also where what answered is not of that data set, or is it no more
   */
  get(keys: readonly string[], dataSet: string): Promise<readonly (string | null)[]> {
    return new Promise((resolve, reject) => {
      if (this.count + keys.length > KEYS_PER_GET) void this.send();
      this.asked.push({ keys, dataSet, resolve, reject });
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
      answer(asked, places, await this.look([...places.keys()]));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}

function answer(asked: readonly Asked[], places: ReadonlyMap<string, number>, found: Values): void {
  for (const { keys, dataSet, resolve, reject } of asked) {
    const values = keys.map((key) => found.values[places.get(key) ?? -1] ?? null);
    const refusal = values.find((value) => value instanceof Error);
    if (dataSet !== found.dataSet) reject(otherServer());
    else if (refusal !== undefined) reject(unavailable(refusal));
    else resolve(values as (string | null)[]);
  }
}
