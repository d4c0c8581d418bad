import type { Change } from '../counters/changes/change.js';

/** One page that is being read, and the one that will be read after it. */
interface Reading {
  readonly running: Promise<readonly Change[]>;
  next: Promise<readonly Change[]> | null;
}

/** Reads the first page of a prefix, for all who ask meanwhile together: a thousand streams may begin at once. */
export class PrefixPages {
  private readonly readings = new Map<string, Reading>();

  constructor(private readonly readPage: (prefix: string) => Promise<readonly Change[]>) {}

  /** A page whose reading begins after this call. */
  read(prefix: string): Promise<readonly Change[]> {
    const reading = this.readings.get(prefix);
    if (reading === undefined) return this.begin(prefix);
    // The running one began before.
    reading.next ??= reading.running.then(
      () => this.begin(prefix),
      () => this.begin(prefix),
    );
    return reading.next;
  }

  private begin(prefix: string): Promise<readonly Change[]> {
    const running = this.readPage(prefix);
    const reading: Reading = { running, next: null };
    this.readings.set(prefix, reading);
    const end = (): void => {
      if (reading.next === null) this.readings.delete(prefix);
    };
    running.then(end, end);
    return running;
  }
}
