import type { ActionLog } from '../access/action-log.js';
import type { Part, PartOutcome } from '../counters/commits/verdict.js';
import type { CountersService, Reading } from '../counters/counters.service.js';
import { counterJson, isCounter, type Truth } from '../domain/counter.js';
import type { Operation, Outcome } from '../domain/operation.js';
import { CommandError } from '../wire/resp/command-error.js';
import { array, error, OK } from '../wire/resp/reply.js';
import type { Client } from './client.js';
import { type Step, told } from './command.js';
import type { Ordered } from './dispatch.js';
import { faultAnswer } from './faults.js';
import { countedIn, logAction, writeOf } from './writes.js';

/**
 * Does what was queued by MULTI, in one commit.
 *
 * @returns the answers, as one; null where a watched counter has changed, and nothing was done
 * @throws CounterError
 */
export async function execute(
  client: Client,
  orders: readonly Ordered[],
  { counters, actionLog }: { readonly counters: CountersService; readonly actionLog: ActionLog },
): Promise<string | null> {
  const planned = orders.map((order) => ({ order, step: stepOf(order, client) }));
  const parts = planned.map(({ step }) => partsOf(step, client));
  const all = parts.flat();
  let outcomes: readonly PartOutcome[] = [];
  if (all.length > 0 || client.watched.size > 0) {
    const verdict = await counters.transact({ parts: all, watched: new Map(client.watched) });
    if (verdict.kind === 'overtaken') return null;
    outcomes = verdict.outcomes;
  }
  let next = 0;
  const answers = planned.map(({ order, step }, index) => {
    const own = outcomes.slice(next, next + (parts[index]?.length ?? 0));
    next += own.length;
    logDone(actionLog, client, order, own);
    return answerTo(step, own);
  });
  return array(answers);
}

/**
 * Does what one command asks of several counters, in one commit.
 *
 * @returns its answer
 * @throws CounterError
 */
export async function executeTogether(
  client: Client,
  { step, order }: { readonly step: Extract<Step, { kind: 'together' }>; readonly order: Ordered | null },
  { counters, actionLog }: { readonly counters: CountersService; readonly actionLog: ActionLog },
): Promise<string> {
  const verdict = await counters.transact({ parts: partsOf(step, client), watched: new Map() });
  const outcomes = verdict.kind === 'transacted' ? verdict.outcomes : [];
  logDone(actionLog, client, order, outcomes);
  return answerTo(step, outcomes);
}

function logDone(log: ActionLog, client: Client, order: Ordered | null, outcomes: readonly PartOutcome[]): void {
  for (const outcome of outcomes) {
    if (outcome.kind === 'done') for (const answer of outcome.answers) logAction(log, client, order, answer);
  }
}

/** A command that turns out to be none leaves the others standing. */
function stepOf({ command, args, names }: Ordered, client: Client): Step {
  try {
    return command.plan(args, { client, names, isOnce: false });
  } catch (fault) {
    if (fault instanceof CommandError) return told(faultAnswer(fault));
    throw fault;
  }
}

function partsOf(step: Step, client: Client): readonly Part[] {
  const part = (...operations: readonly Operation[]): Part => ({
    kind: 'writes',
    writes: operations.map((operation) => writeOf(client, operation, null)),
  });
  switch (step.kind) {
    case 'told':
    case 'alone':
      return [];
    case 'read':
      return [{ kind: 'look', names: step.names }];
    case 'increment':
      return [part(step.operation)];
    case 'decided':
    case 'together':
      return step.operations.map((operation) => part(operation));
    case 'atomic':
      return [part(...step.operations)];
  }
}

function answerTo(step: Step, outcomes: readonly PartOutcome[]): string {
  const [first] = outcomes;
  switch (step.kind) {
    case 'told':
      return step.answer;
    case 'alone':
      // UNWATCH: after EXEC nothing is watched in any case.
      return OK;
    case 'read':
      return step.answer(first?.kind === 'looked' ? first.truths.map(readingOf) : []);
    case 'increment': {
      const [outcome] = outcomes.flatMap(outcomesIn);
      return outcome === undefined ? error('ERR internal error') : step.answer(countedIn(outcome));
    }
    case 'decided':
    case 'together':
      return step.answer(outcomes.flatMap(outcomesIn));
    case 'atomic':
      return step.answer(first?.kind === 'refused' ? first.refused : null);
  }
}

function outcomesIn(outcome: PartOutcome): readonly Outcome[] {
  switch (outcome.kind) {
    case 'done':
      return outcome.answers.map((answer) => answer.outcome);
    case 'refused':
      return [outcome.refused];
    case 'looked':
    case 'key_reused':
      return [];
  }
}

function readingOf(truth: Truth): Reading {
  return { version: truth.version, json: isCounter(truth) ? counterJson(truth) : null, source: 'bypass' };
}
