import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../../domain/errors.js';
import { type Holder, Shares } from '../shares.js';
import type { Turns } from '../turns.js';
import type { Clock } from '../clock.js';

/**
 * An answer is kept for this many times as long as it took to make, so that however often somebody asks, and however
 * many counters there are, a tenth of one connection's time is spent on one question.
 */
const KEPT_TIMES_COST = 10;

/** For cheap ones, so that many viewers of one page share them. */
const KEPT_AT_LEAST_MS = 1_000;

/** Questions that are remembered or wait; beyond it they are refused. */
const MAX_QUESTIONS = 200;

/** Clients wait no longer for an answer; it is made all the same, and is there when they ask again. */
const PATIENCE_MS = 5_000;

const RETRY_AFTER_SECONDS = 5;

interface Kept<T> {
  readonly answer: Promise<T>;
  readonly state: State;
  readonly holder: Holder;
}

interface State {
  untilMs: number;
  /** Who waits for it right now. */
  askers: number;
}

/** Makes answers that cost much one at a time, and keeps each for a while for those who ask the same. */
export class KeptAnswers<T> {
  private readonly kept = new Map<string, Kept<T>>();
  private readonly shares = new Shares(MAX_QUESTIONS);

  /** @param turns may be shared with other kinds of answers */
  constructor(
    private readonly turns: Turns,
    private readonly clock: Clock,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /**
   * @param question the same for those who may share an answer
   * @param holder whose share it is taken from, where nobody asked it before
   * @throws Unavailable where too many different ones are asked, where it takes too long, and what `make` throws
   */
  async ask(question: string, holder: Holder, make: () => Promise<T>): Promise<T> {
    const nowMs = this.clock.monotonicMs();
    const found = this.kept.get(question);
    const kept = found !== undefined && nowMs < found.state.untilMs ? found : this.begin(question, holder, make, nowMs);
    kept.state.askers += 1;
    try {
      return await inTime(kept.answer, this.patienceMs);
    } finally {
      kept.state.askers -= 1;
    }
  }

  private begin(question: string, holder: Holder, make: () => Promise<T>, nowMs: number): Kept<T> {
    this.forget(question);
    this.shares.add(holder);
    if (!this.shares.allow(holder)) this.forgetOld(nowMs);
    if (!this.shares.allow(holder)) {
      this.shares.remove(holder);
      throw new Unavailable('Too many of such questions are asked at once, or by this key.');
    }
    const state: State = { untilMs: Infinity, askers: 0 };
    const kept: Kept<T> = { answer: this.turns.take(holder, () => this.answer(state, make)), state, holder };
    this.kept.set(question, kept);
    // Whoever asks next tries anew; by then nobody may be left to hear of it.
    kept.answer.catch(() => this.forget(question));
    return kept;
  }

  private async answer(state: State, make: () => Promise<T>): Promise<T> {
    if (state.askers === 0) throw new Unavailable('Nobody waited for it any more.');
    const startedAtMs = this.clock.monotonicMs();
    const answer = await make();
    const nowMs = this.clock.monotonicMs();
    state.untilMs = nowMs + Math.max(KEPT_AT_LEAST_MS, (nowMs - startedAtMs) * KEPT_TIMES_COST);
    return answer;
  }

  private forget(question: string): void {
    const kept = this.kept.get(question);
    if (kept === undefined) return;
    this.kept.delete(question);
    this.shares.remove(kept.holder);
  }

  private forgetOld(nowMs: number): void {
    for (const [question, { state }] of this.kept) if (state.untilMs <= nowMs) this.forget(question);
  }
}

async function inTime<T>(answer: Promise<T>, patienceMs: number): Promise<T> {
  const answered = new AbortController();
  const late = sleep(patienceMs, null, { signal: answered.signal }).then(() => {
    throw new Unavailable('This takes longer than a request may; ask again in some seconds.', RETRY_AFTER_SECONDS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    answered.abort();
  }
}
