import { Unavailable } from '../errors.js';

/**
 * An answer is kept for this many times as long as it took to make, so that however often somebody asks, and however
 * many counters there are, a tenth of one connection's time is spent on one question.
 */
const KEPT_TIMES_COST = 10;

/** For cheap ones, so that many viewers of one page share them. */
const KEPT_AT_LEAST_MS = 1_000;

/** Questions that are remembered or wait; beyond it they are refused. */
const MAX_QUESTIONS = 200;

interface Kept<T> {
  readonly answer: Promise<T>;
  untilMs: number;
}

/** Makes answers that cost much one at a time, and keeps each for a while for those who ask the same. */
export class KeptAnswers<T> {
  private readonly kept = new Map<string, Kept<T>>();
  private last: Promise<unknown> = Promise.resolve();

  /**
   * @param question the same for those who may share an answer
   * @throws Unavailable where too many different ones are asked, and what `make` throws
   */
  async ask(question: string, make: () => Promise<T>): Promise<T> {
    const nowMs = performance.now();
    const found = this.kept.get(question);
    if (found !== undefined && nowMs < found.untilMs) return found.answer;
    if (this.kept.size >= MAX_QUESTIONS) this.forget(nowMs);
    if (this.kept.size >= MAX_QUESTIONS) throw new Unavailable('Too many of such questions are asked at once.');
    const kept: Kept<T> = { answer: this.inTurn(question, make), untilMs: Infinity };
    this.kept.set(question, kept);
    return kept.answer;
  }

  private async inTurn(question: string, make: () => Promise<T>): Promise<T> {
    const before = this.last;
    let done = (): void => undefined;
    this.last = new Promise<void>((resolve) => (done = resolve));
    await before;
    const startedAtMs = performance.now();
    try {
      const answer = await make();
      const tookMs = performance.now() - startedAtMs;
      const kept = this.kept.get(question);
      if (kept !== undefined) kept.untilMs = performance.now() + Math.max(KEPT_AT_LEAST_MS, tookMs * KEPT_TIMES_COST);
      return answer;
    } catch (error) {
      // Whoever asks next tries anew.
      this.kept.delete(question);
      throw error;
    } finally {
      done();
    }
  }

  private forget(nowMs: number): void {
    for (const [question, { untilMs }] of this.kept) if (untilMs <= nowMs) this.kept.delete(question);
  }
}
