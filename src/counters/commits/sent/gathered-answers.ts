import type { Counter } from '../../../domain/counter.js';
import { isCounter } from '../../../domain/counter.js';
import type { Answer } from '../../../domain/operation.js';
import { sentError } from './errors.js';
import type { SentAnswers, SentCounter, SentResult } from './messages.js';

/** The answers of a turn, on their way into one message. */
export class GatheredAnswers {
  private readonly counters: SentCounter[] = [];
  private readonly done: number[] = [];
  private readonly others: [number, SentResult][] = [];
  /** Where in `counters` each name was put last. */
  private readonly places = new Map<string, number>();

  /** What an increment came to. */
  addIncrement(id: number, result: Answer | Error): void {
    if (result instanceof Error) {
      this.add(id, sentError(result));
      return;
    }
    const { outcome, replayed } = result;
    const isPlain = outcome.kind === 'done' && !outcome.created && outcome.previous === null && !replayed;
    if (isPlain && isCounter(outcome.truth)) {
      const { value, version } = outcome.truth;
      this.done.push(id, this.placeOf(outcome.truth), value, version);
    } else {
      this.add(id, { kind: 'answer', answer: result });
    }
  }

  add(id: number, result: SentResult): void {
    this.others.push([id, result]);
  }

  get message(): SentAnswers {
    const { counters, done, others } = this;
    return { kind: 'answers', counters, done, others };
  }

  private placeOf({ name, min, max, expiresAt, createdAt, updatedAt }: Counter): number {
    const known = this.places.get(name) ?? -1;
    const there = this.counters[known];
    const isSame =
      there?.[1] === min &&
      there[2] === max &&
      there[3] === expiresAt &&
      there[4] === createdAt &&
      there[5] === updatedAt;
    if (isSame) return known;
    const place = this.counters.push([name, min, max, expiresAt, createdAt, updatedAt]) - 1;
    this.places.set(name, place);
    return place;
  }
}
