import { Injectable } from '@nestjs/common';
import { ProcessSettings } from '../../config/processes.js';
import type { GuardState } from '../../store/guard-row.js';
import { Writability } from '../../store/writability.js';
import { Clock } from '../clock.js';

/** Between two tries to write while writes are refused. Nobody else may try: who asks whether we are ready sends none. */
const TRY_INTERVAL_MS = 1_000;

/** Whether writes can be committed, as far as this instance knows; kept up to date by the guard's poll. */
@Injectable()
export class WriteReach {
  private triedAtMs = -Infinity;
  /** As the process that commits told it last. */
  private told: string | null = null;

  constructor(
    private readonly writability: Writability,
    private readonly clock: Clock,
    private readonly process: ProcessSettings,
  ) {}

  /** Why not, the end of a sentence for clients; null: they can. */
  get refusal(): string | null {
    return this.process.role === 'worker' ? this.told : this.writability.refusal;
  }

  /** What the process that commits says of it. */
  learn(refusal: string | null): void {
    this.told = refusal;
  }

  /** To be called with what each poll saw. */
  async look({ readOnly }: GuardState): Promise<void> {
    if (this.process.role === 'worker') return;
    if (readOnly && this.refusal === null) this.writability.noteReadOnly();
    const nowMs = this.clock.monotonicMs();
    if (this.refusal === null || nowMs - this.triedAtMs < TRY_INTERVAL_MS) return;
    this.triedAtMs = nowMs;
    // Refused once more: that is remembered.
    await this.writability.try().catch(() => undefined);
  }
}
