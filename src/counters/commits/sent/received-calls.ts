import type { Counted, Increment, Write } from '../../../domain/operation.js';
import type { CommitPipeline, UnkeyedIncrement } from '../commit-pipeline.js';
import { sentError } from './errors.js';
import { GatheredAnswers } from './gathered-answers.js';
import type { SentAnswers, SentCall, SentCalls, SentIncrements, SentResult, SentRun } from './messages.js';

/** Of increments without keys nothing is remembered but a refusal, into which the worker writes the request's id. */
const NO_REQUEST = '';

/** Has committed what a worker sends, and tells it the answers of each turn together. */
export class ReceivedCalls {
  private answers: GatheredAnswers | null = null;

  /** @param send of no use to a worker that is gone */
  constructor(
    private readonly commits: CommitPipeline,
    private readonly send: (answers: SentAnswers) => void,
  ) {}

  take({ increments, others }: SentCalls): void {
    const { firstId, names } = increments;
    if (names.length > 0) {
      this.commits.addTold(writesOf(increments), (place, result) =>
        this.gathered().addIncrement(firstId + place, result),
      );
    }
    for (const call of others) {
      this.resultOf(call).then(
        (result) => this.gathered().add(call.id, result),
        (error: unknown) => this.gathered().add(call.id, sentError(error)),
      );
    }
  }

  private gathered(): GatheredAnswers {
    if (this.answers === null) {
      this.answers = new GatheredAnswers();
      setImmediate(() => this.flush());
    }
    return this.answers;
  }

  private flush(): void {
    const { answers } = this;
    this.answers = null;
    if (answers !== null) this.send(answers.message);
  }

  private async resultOf(call: SentCall): Promise<SentResult> {
    const { commits } = this;
    switch (call.kind) {
      case 'add':
        return { kind: 'answer', answer: await commits.add(call.write) };
      case 'addEach': {
        const answers = await commits.addEach(call.writes);
        return {
          kind: 'each',
          answers: answers.map((one) => (one.status === 'fulfilled' ? one.value : sentError(one.reason))),
        };
      }
      case 'addRun':
        return countedResult(await commits.addIncrements({ ...call, operations: operationsOf(call) }));
      case 'addIncrements':
        return countedResult(await commits.addIncrements(call));
      case 'addBundle':
        return { kind: 'bundle', verdict: await commits.addBundle(call.writes) };
      case 'addTransaction': {
        const { parts, watched } = call;
        return { kind: 'transaction', verdict: await commits.addTransaction({ parts, watched: new Map(watched) }) };
      }
    }
  }
}

function writesOf({ names, bys, creators, accounts }: SentIncrements): UnkeyedIncrement[] {
  return names.map((name, place): UnkeyedIncrement => {
    const creator = accounts[creators[place] ?? -1] ?? null;
    const operation: Write['operation'] = { kind: 'increment', name, by: bys[place] ?? 0 };
    return { operation, key: null, creator, requestId: NO_REQUEST };
  });
}

function operationsOf({ names, bys }: SentRun): Increment[] {
  return names.map((name, place) => ({ kind: 'increment', name, by: bys[place] ?? 0 }));
}

function countedResult(counted: readonly Counted[]): SentResult {
  return { kind: 'counted', counted: counted.map((one) => (one instanceof Error ? sentError(one) : one)) };
}
