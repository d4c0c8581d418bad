import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Credential } from './credential.js';
import { Unauthorized } from './errors.js';
import { KnownKeys } from './known-keys.js';

/** Within this time and that of a refresh an answer ends after its key was revoked. */
const CHECK_INTERVAL_MS = 1_000;

interface Lasting {
  readonly credential: Credential;
  readonly end: () => void;
}

/** Answers that go on, such as streams: they end with the key that asked for them. */
@Injectable()
export class LastingAnswers implements OnApplicationShutdown {
  private readonly answers = new Set<Lasting>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly keys: KnownKeys) {}

  onApplicationShutdown(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /**
   * Ends an answer when what asked for it is not good any more.
   *
   * @param end ends it, at once
   * @returns to be called when it has ended
   */
  watch(credential: Credential, end: () => void): () => void {
    const answer = { credential, end };
    this.answers.add(answer);
    this.schedule();
    return () => this.answers.delete(answer);
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.check(), CHECK_INTERVAL_MS).unref();
  }

  private async check(): Promise<void> {
    for (const { credential, end } of this.answers) if (!(await this.isGood(credential))) end();
    this.timer = null;
    if (this.answers.size > 0) this.schedule();
  }

  private async isGood(credential: Credential): Promise<boolean> {
    if (this.keys.recall(credential, 'read') !== null) return true;
    try {
      await this.keys.look(credential, 'read');
      return true;
    } catch (error) {
      // What cannot be looked up now is looked up in a second.
      return !(error instanceof Unauthorized);
    }
  }
}
