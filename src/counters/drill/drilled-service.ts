/** What a drill asks of a service, over HTTP or from inside. */
export interface DrilledService {
  /** A page of counters by name, and the cursor of the next. */
  list(
    limit: number,
    cursor: string | null,
  ): Promise<{ readonly data: readonly { readonly name: string }[]; readonly nextCursor: string | null }>;
  /** @param consistency `strong` reads Postgres in any case */
  read(name: string, consistency?: 'cached' | 'strong'): Promise<DrilledReading>;
  /**
   * Adds 1, once for a key.
   *
   * @returns whether it is known to count; else it is to be sent again
   * @throws DrillFailed where it is refused for good
   */
  increment(name: string, key: string): Promise<boolean>;
  delete(name: string): Promise<void>;
  /** Removes the service's own entries, and nothing else; answers how many. */
  flush(): Promise<number>;
}

/** What a service said of a counter, and where it had it from; `unanswered`: it could not say. */
export type DrilledReading =
  | { readonly kind: 'counter'; readonly from: ReadFrom; readonly value: number; readonly version: number }
  | { readonly kind: 'absent'; readonly from: ReadFrom }
  | { readonly kind: 'unanswered' };

export type ReadFrom = 'cache' | 'postgres';

/** The drill could not be run, or not to its end. */
export class DrillFailed extends Error {
  override readonly name = 'DrillFailed';

  /** @param isRefused whether who runs it may not do what it takes */
  constructor(
    message: string,
    readonly isRefused: boolean,
  ) {
    super(message);
  }
}
