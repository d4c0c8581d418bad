import { Injectable } from '@nestjs/common';
import { ApiKeys } from '../store/api-keys.js';
import { StoreFailure } from '../store/failure.js';

/** However many pages ask, the database is asked once in this time; so long a new key waits for its first page. */
const KEPT_MS = 2_000;

/** Which origins some key is bound to: what a browser may be told before it shows its key. */
@Injectable()
export class KeyOrigins {
  private origins: ReadonlySet<string> = new Set();
  private lookedAtMs = -Infinity;
  private looking: Promise<void> | null = null;

  constructor(private readonly keys: ApiKeys) {}

  /** Whether pages of this origin may call with some key. What cannot be learned now is as it was. */
  async has(origin: string): Promise<boolean> {
    if (performance.now() - this.lookedAtMs >= KEPT_MS) await (this.looking ??= this.look());
    return this.origins.has(origin);
  }

  private async look(): Promise<void> {
    try {
      this.origins = new Set(await this.keys.origins());
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
    } finally {
      this.lookedAtMs = performance.now();
      this.looking = null;
    }
  }
}
