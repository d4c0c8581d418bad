import { Injectable } from '@nestjs/common';
import { Buckets, SECONDS, SIZES } from '../meters/buckets.js';
import { KeyInProgress, KeyReused, OutcomeUnknown, Unavailable } from '../domain/errors.js';
import type { Answer, Refused, Operation, Write } from '../domain/operation.js';
import type { Bundle, Part, PartOutcome, Transaction, Verdict } from './commits/verdict.js';

/** What one lane committed. */
class LaneTally {
  readonly sizes = new Buckets(SIZES);
  readonly commits = new Buckets(SECONDS);

  /** @param tookMs from the first statement until the outcome was known */
  noteBatch(writes: number, tookMs: number): void {
    this.sizes.observe(writes);
    this.commits.observe(tookMs / 1_000);
  }
}

/** What the rules of this instance did so far, in plain numbers: they are counted at every read and write. */
@Injectable()
export class Tallies {
  /** Counters that were read, by where they came from. */
  readonly reads = { hit: 0, unverified: 0, miss: 0, bypass: 0 };
  /** Writes that were committed. */
  readonly writes = { increment: 0, set: 0, reset: 0, delete: 0, expire: 0 };
  /** Writes that broke a rule, by the code of the answer. */
  readonly refusals = {
    not_found: 0,
    out_of_bounds: 0,
    version_mismatch: 0,
    value_overflow: 0,
    invalid_request: 0,
    quota_exceeded: 0,
  };
  /** Writes that were decided before, under the same key. */
  replays = 0;
  /** Writes that could not be answered, by the code of the answer. */
  readonly failures = { unavailable: 0, outcome_unknown: 0, in_progress: 0, idempotency_key_reused: 0, internal: 0 };
  readonly increments = new LaneTally();
  readonly decisions = new LaneTally();
  readonly publishes = new Buckets(SECONDS);

  /** What was decided one by one. */
  noteVerdicts(decided: readonly (Bundle | Transaction)[], verdicts: readonly Verdict[]): void {
    verdicts.forEach((verdict, index) => {
      const one = decided[index];
      if (one !== undefined) this.noteVerdict('parts' in one ? one.parts : [one], verdict);
    });
  }

  private noteVerdict(parts: readonly (Bundle | Part)[], verdict: Verdict | PartOutcome): void {
    const [part] = parts;
    switch (verdict.kind) {
      case 'done':
        verdict.answers.forEach((answer, at) =>
          this.noteAnswer(part !== undefined && 'writes' in part ? part.writes[at] : undefined, answer),
        );
        return;
      case 'refused':
        this.noteRefusal(verdict.refused, verdict.replayed);
        return;
      case 'key_reused':
        // Told as a failure, by whoever answers it.
        return;
      case 'transacted':
        verdict.outcomes.forEach((outcome, at) => this.noteVerdict(parts.slice(at, at + 1), outcome));
        return;
      case 'looked':
      case 'overtaken':
        return;
    }
  }

  /** A request was answered with this error. */
  noteFailure(error: unknown): void {
    if (error instanceof Unavailable) this.failures.unavailable += 1;
    else if (error instanceof OutcomeUnknown) this.failures.outcome_unknown += 1;
    else if (error instanceof KeyInProgress) this.failures.in_progress += 1;
    else if (error instanceof KeyReused) this.failures.idempotency_key_reused += 1;
    else this.failures.internal += 1;
  }

  private noteAnswer(write: Write | undefined, { outcome, replayed }: Answer): void {
    if (outcome.kind === 'refused') this.noteRefusal(outcome, replayed);
    else if (replayed) this.replays += 1;
    else if (write !== undefined) this.writes[tallied(write.operation.kind)] += 1;
  }

  private noteRefusal({ code }: Refused, replayed: boolean): void {
    if (replayed) this.replays += 1;
    else this.refusals[code] += 1;
  }
}

/** An increment is one, whatever it is held to. */
function tallied(kind: Operation['kind']): keyof Tallies['writes'] {
  return kind === 'incrementWithin' ? 'increment' : kind;
}
