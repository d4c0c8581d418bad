import type { Logger } from '@nestjs/common';
import type { ProblemError } from './problem.js';

/** Time between two lines about the same kind of refusal: an outage must not fill the disk with its refusals. */
const PERIOD_MS = 10_000;

/** Logs that requests are refused for a reason of ours: at once, and then a line with the count for each period. */
export class OutageLog {
  private readonly kinds = new Map<string, { saidAt: number; unsaid: number }>();

  constructor(private readonly logger: Logger) {}

  /** @param error what the problem stands for, with its causes */
  note(problem: ProblemError, error: unknown, requestId: string): void {
    const now = performance.now();
    const { code, reason } = rootOf(error);
    // Of causes with a code there are not many, and each has a remedy of its own.
    const name = `${problem.code} ${code ?? ''}`;
    const kind = this.kinds.get(name);
    if (kind !== undefined && now - kind.saidAt < PERIOD_MS) {
      kind.unsaid += 1;
      return;
    }
    this.kinds.set(name, { saidAt: now, unsaid: 0 });
    this.logger.error({
      msg: `requests are refused: ${problem.message}`,
      code: problem.code,
      ...(reason === null ? {} : { reason, cause: code }),
      requestId,
      refusedBefore: kind?.unsaid ?? 0,
    });
  }
}

/** What stands behind an error, and its code: an SQLSTATE, or Node's. */
function rootOf(error: unknown): { readonly code: string | null; readonly reason: string | null } {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  if (root === error || !(root instanceof Error)) return { code: null, reason: null };
  return { code: 'code' in root && typeof root.code === 'string' ? root.code : null, reason: root.message };
}
