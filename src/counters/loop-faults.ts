import type { Logger } from '@nestjs/common';
import { CounterError } from '../domain/errors.js';
import { StoreFailure } from '../store/failure.js';

/** Whether it is gone in time by itself: a server is away or busy, and others tell of that. */
function isPassing(error: unknown): boolean {
  return error instanceof CounterError || (error instanceof StoreFailure && error.fate !== 'rejected');
}

/** The log of what comes again and again, and loses nothing by waiting: what is a fault is told, and the same one once. */
export class LoopFaults {
  private told: string | null = null;

  constructor(private readonly log: Pick<Logger, 'error'>) {}

  /** It went well: the same fault would be news. */
  clear(): void {
    this.told = null;
  }

  /** @param isFault whether it is one although a server may be the reason */
  note(error: unknown, isFault = !isPassing(error)): void {
    if (!isFault) return;
    const fault = error instanceof Error ? error.message : String(error);
    if (fault !== this.told) this.log.error(error);
    this.told = fault;
  }
}
