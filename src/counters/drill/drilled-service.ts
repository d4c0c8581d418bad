/** What a drill asks of a service, over HTTP or from inside. */
export interface DrilledService {
  /** A page of counters by name, and the cursor of the next. */
  list(
    limit: number,
    cursor: string | null,
  ): Promise<{ readonly data: readonly { readonly name: string }[]; readonly nextCursor: string | null }>;
  /** @param consistency `strong` reads Postgres in any case */
  read(name: string, consistency?: 'cached' | 'strong'): Promise<DrilledReading>;
  /** Adds 1, once for a key. */
  increment(name: string, key: string): Promise<{ readonly status: number }>;
  delete(name: string): Promise<void>;
  /** Removes the service's own entries, and nothing else; answers how many. */
  flush(): Promise<number>;
}

export interface DrilledReading {
  /** As over HTTP. */
  readonly status: number;
  /** As `Cache-Status` says it. */
  readonly source: string;
  readonly body: { readonly value: number; readonly version: number };
}

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
