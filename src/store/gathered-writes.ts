interface Waiting<Q> {
  readonly query: Q;
  readonly resolve: (changed: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Takes what is written in the same turn of the event loop to Postgres by one statement. */
export class GatheredWrites<Q> {
  private waiting: Waiting<Q>[] = [];

  /** @param send writes all of them, and answers for each whether anything was changed */
  constructor(private readonly send: (queries: readonly Q[]) => Promise<readonly boolean[]>) {}

  /** @returns whether it changed anything; fails as the statement does */
  write(query: Q): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ query, resolve, reject });
      if (this.waiting.length === 1) setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    const waiting = this.waiting.splice(0);
    try {
      const changed = await this.send(waiting.map(({ query }) => query));
      waiting.forEach(({ resolve }, index) => resolve(changed[index] ?? false));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
