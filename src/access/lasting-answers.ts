import type { ServerResponse } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Credential } from './credential.js';
import { Unauthorized } from './errors.js';
import { KnownKeys } from './known-keys.js';

/** Within this time and that of a refresh an answer ends after its key was revoked. */
const CHECK_INTERVAL_MS = 1_000;

/** Answers that go on, such as streams: they end with the key that asked for them. */
@Injectable()
export class LastingAnswers implements OnApplicationShutdown {
  private readonly answers = new Map<ServerResponse, Credential>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly keys: KnownKeys) {}

  onApplicationShutdown(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /** Ends the answer when what asked for it is not good any more. */
  watch(answer: ServerResponse, credential: Credential): void {
    this.answers.set(answer, credential);
    answer.once('close', () => this.answers.delete(answer));
    this.schedule();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.check(), CHECK_INTERVAL_MS).unref();
  }

  private async check(): Promise<void> {
    for (const [answer, credential] of this.answers) if (!(await this.isGood(credential))) answer.destroy();
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
