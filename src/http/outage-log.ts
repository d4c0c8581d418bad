import type { Logger } from '@nestjs/common';
import type { ProblemCode, ProblemError } from './problem.js';

/** Time between two lines about the same kind of refusal: an outage must not fill the disk with its refusals. */
const PERIOD_MS = 10_000;

/** Logs that requests are refused for a reason of ours: at once, and then a line with the count for each period. */
export class OutageLog {
  private readonly kinds = new Map<ProblemCode, { saidAt: number; unsaid: number }>();

  constructor(private readonly logger: Logger) {}

  note(problem: ProblemError, requestId: string): void {
    const now = performance.now();
    const kind = this.kinds.get(problem.code);
    if (kind !== undefined && now - kind.saidAt < PERIOD_MS) {
      kind.unsaid += 1;
      return;
    }
    this.kinds.set(problem.code, { saidAt: now, unsaid: 0 });
    this.logger.error({
      msg: `requests are refused: ${problem.message}`,
      code: problem.code,
      requestId,
      refusedBefore: kind?.unsaid ?? 0,
    });
  }
}
