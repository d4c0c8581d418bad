import { Injectable } from '@nestjs/common';
import type { GuardState } from '../../store/guard-row.js';
import { Writability } from '../../store/writability.js';
import { Clock } from '../clock.js';

/** Between two tries to write while writes are refused. Nobody else may try: who asks whether we are ready sends none. */
const TRY_INTERVAL_MS = 1_000;

/** Whether writes can be committed, as far as this instance knows; kept up to date by the guard's poll. */
@Injectable()
export class WriteReach {
  private triedAtMs = -Infinity;

  constructor(
    private readonly writability: Writability,
    private readonly clock: Clock,
  ) {}

  /** Why not, the end of a sentence for clients; null: they can. */
  get refusal(): string | null {
    return this.writability.refusal;
  }

  /** To be called with what each poll saw. */
  async look({ readOnly }: GuardState): Promise<void> {
    if (readOnly && this.refusal === null) this.writability.noteReadOnly();
    const nowMs = this.clock.monotonicMs();
    if (this.refusal === null || nowMs - this.triedAtMs < TRY_INTERVAL_MS) return;
    this.triedAtMs = nowMs;
    // Refused once more: that is remembered.
    await this.writability.try().catch(() => undefined);
  }
}
