import { Logger } from '@nestjs/common';
import type { Admission } from '../access/admission.js';
import type { Grant } from '../access/grant.js';
import { AccessError } from '../access/errors.js';
import type { ActionLog } from '../access/action-log.js';
import type { CountersService, Reading } from '../counters/counters.service.js';
import { CounterError } from '../domain/errors.js';
import type { Increment, Operation, Outcome } from '../domain/operation.js';
import { CommandError } from '../wire/resp/command-error.js';
import type { Request } from '../wire/resp/request-parser.js';
import type { Client } from './client.js';
import type { Command, Step } from './command.js';
import { byWord, type Ordered } from './dispatch.js';
import { executeTogether } from './execution.js';
import { faultAnswer } from './faults.js';
import { countedIn, logAction, writeOf } from './writes.js';

/** A command on its way to its answer. */
export interface Turn {
  readonly step: Step;
  /** Null where it was not understood, or may not be given. */
  readonly order: Ordered | null;
  readonly bytes: number;
}

/** A command that may be given again, and what it was planned for. */
export interface Repeatable {
  readonly request: Request;
  readonly grant: Grant;
  readonly turn: Turn;
  readonly order: Ordered;
}

/** Commands that go together. */
export interface Run {
  /** `look`: none may go before the key was looked at. */
  readonly kind: Step['kind'] | 'look';
  readonly turns: readonly Turn[];
}

/** Where commands become calls of the rules, and what these come to becomes answers. */
export class CommandRunner {
  private readonly logger = new Logger('resp');

  /** See `byWord`. */
  readonly words: ReadonlyMap<string, Command>;

  constructor(
    commands: ReadonlyMap<string, Command>,
    readonly admission: Admission,
    readonly counters: CountersService,
    readonly actionLog: ActionLog,
  ) {
    this.words = byWord(commands);
  }

  /** Answers commands that go together, in their order. */
  async answersTo(client: Client, { kind, turns }: Run): Promise<readonly string[]> {
    try {
      switch (kind) {
        case 'told':
        case 'look':
          return turns.map(({ step }) => toldBy(step));
        case 'read':
          return await this.ask(client, turns);
        case 'increment':
          return await this.increment(client, turns);
        case 'decided':
          return await this.write(client, turns);
        case 'together':
          return await Promise.all(turns.map((turn) => this.writeTogether(client, turn)));
        case 'atomic':
          return await Promise.all(turns.map((turn) => this.writeAtomically(client, turn)));
        case 'alone':
          return await Promise.all(turns.map(async ({ step }) => (step.kind === 'alone' ? step.run() : '')));
      }
    } catch (fault) {
      const answer = this.faultAnswer(fault);
      return turns.map(({ step }) => (step.kind === 'told' ? step.answer : answer));
    }
  }

  /** Asks once for a name that is asked for often. */
  private async ask(client: Client, turns: readonly Turn[]): Promise<readonly string[]> {
    const places = new Map<string, number>();
    let before: Step | null = null;
    for (const { step } of turns) {
      if (step.kind !== 'read' || step === before) continue;
      before = step;
      for (const name of step.names) if (!places.has(name)) places.set(name, places.size);
    }
    const results = await this.counters.readEach([...places.keys()]);
    let misses = 0;
    for (const result of results) if (result.status === 'fulfilled' && result.value.source === 'miss') misses += 1;
    if (misses > 0) this.admission.charge(client.grant, client.address, { misses });
    before = null;
    let answer = '';
    const answers: string[] = [];
    for (const { step } of turns) {
      // The same step is answered alike.
      if (step !== before) answer = step.kind === 'read' ? this.answerOf(step, places, results) : toldBy(step);
      before = step;
      answers.push(answer);
    }
    return answers;
  }

  private answerOf(
    { names, answer, failed }: Extract<Step, { kind: 'read' }>,
    places: ReadonlyMap<string, number>,
    results: readonly PromiseSettledResult<Reading>[],
  ): string {
    const readings: Reading[] = [];
    for (const name of names) {
      const result = results[places.get(name) ?? -1];
      if (result === undefined || result.status === 'rejected') {
        failed?.();
        return this.faultAnswer(result?.reason);
      }
      readings.push(result.value);
    }
    return answer(readings);
  }

  private async increment(client: Client, turns: readonly Turn[]): Promise<readonly string[]> {
    const operations: Increment[] = [];
    for (const { step, order } of turns) {
      if (step.kind !== 'increment') continue;
      // What is to be done once has a row of its own.
      if (order?.idempotencyKey != null) return this.write(client, turns);
      operations.push(step.operation);
    }
    const { grant, requestId } = client;
    const results = await this.counters.incrementEach({ operations, creator: grant?.creator ?? null, requestId });
    let next = 0;
    return turns.map(({ step }) => {
      if (step.kind !== 'increment') return toldBy(step);
      const result = results[next];
      next += 1;
      return result === undefined || result instanceof Error ? this.faultAnswer(result) : step.answer(result);
    });
  }

  private async write(client: Client, turns: readonly Turn[]): Promise<readonly string[]> {
    const writes = turns.flatMap(({ step, order }) =>
      operationsOf(step).map((operation) => writeOf(client, operation, order?.idempotencyKey ?? null)),
    );
    const results = await this.counters.writeEach(writes);
    let next = 0;
    return turns.map(({ step, order }) => {
      if (step.kind !== 'increment' && step.kind !== 'decided') return toldBy(step);
      const outcomes: Outcome[] = [];
      const own = results.slice(next, next + operationsOf(step).length);
      next += own.length;
      for (const result of own) {
        if (result.status === 'rejected') return this.faultAnswer(result.reason);
        outcomes.push(result.value.outcome);
        logAction(this.actionLog, client, order, result.value);
      }
      const [outcome] = outcomes;
      if (step.kind === 'decided') return step.answer(outcomes);
      return outcome === undefined ? '' : step.answer(countedIn(outcome));
    });
  }

  private async writeTogether(client: Client, { step, order }: Turn): Promise<string> {
    if (step.kind !== 'together') return toldBy(step);
    try {
      return await executeTogether(client, { step, order }, this);
    } catch (fault) {
      return this.faultAnswer(fault);
    }
  }

  private async writeAtomically(client: Client, { step, order }: Turn): Promise<string> {
    if (step.kind !== 'atomic') return toldBy(step);
    try {
      const writes = step.operations.map((operation) => writeOf(client, operation, null));
      const verdict = await this.counters.writeAtomically(writes);
      if (verdict.kind === 'done')
        for (const answer of verdict.answers) logAction(this.actionLog, client, order, answer);
      return step.answer(verdict.kind === 'refused' ? verdict.refused : null);
    } catch (fault) {
      return this.faultAnswer(fault);
    }
  }

  /** What a client is told in place of an answer; what nobody expects is logged. */
  faultAnswer(fault: unknown): string {
    const isExpected = fault instanceof CommandError || fault instanceof CounterError || fault instanceof AccessError;
    if (!isExpected) this.logger.error({ msg: 'a command failed', err: fault });
    return faultAnswer(fault);
  }
}

/** Of a step that is answered at once; nothing of any other. */
function toldBy(step: Step): string {
  return step.kind === 'told' ? step.answer : '';
}

function operationsOf(step: Step): readonly Operation[] {
  switch (step.kind) {
    case 'increment':
      return [step.operation];
    case 'decided':
      return step.operations;
    case 'told':
    case 'read':
    case 'together':
    case 'atomic':
    case 'alone':
      return [];
  }
}
