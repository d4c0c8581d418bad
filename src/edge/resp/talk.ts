import { Logger } from '@nestjs/common';
import { Unavailable } from '../../domain/errors.js';
import type { Line } from '../../wire/line.js';
import { CommandError } from '../../wire/resp/command-error.js';
import { OVERFLOW } from '../../wire/resp/integers.js';
import { error, integer } from '../../wire/resp/reply.js';
import { isHttp, type Request } from '../../wire/resp/request-parser.js';
import { RequestTalk } from '../../wire/resp/request-talk.js';
import type { Counting } from '../counting.js';
import type { Counted, Kept } from '../tally.js';
import type { Caller, EdgeCommands, Step } from './commands.js';

/** Commands that go together; of a longer pipeline the next ones follow when these are answered. */
const MAX_RUN = 1_000;

/** Commands of one connection: answered in their order, and each sees what those before it did. */
export class EdgeTalk extends RequestTalk {
  private readonly logger = new Logger('resp');

  constructor(
    line: Line,
    private readonly caller: Caller,
    private readonly commands: EdgeCommands,
    private readonly counting: Pick<Counting, 'keep'>,
  ) {
    super(line);
  }

  protected async work(): Promise<void> {
    const { line, caller } = this;
    // What somebody who has left did not wait for is not begun.
    while (this.requests.length > 0 && !this.hasLeft) {
      const steps = this.gather();
      for (const answer of await this.answersTo(steps)) line.write(answer);
      const done = this.requests.splice(0, steps.length);
      this.unanswered -= done.length;
      for (const { bytes } of done) this.unansweredBytes -= bytes;
      line.flush();
      if (!caller.isLeaving) continue;
      this.hasLeft = true;
      line.end();
    }
    this.rest();
  }

  /** The next commands that go together: increments, and what is told at once; what looks at them comes behind. */
  private gather(): Step[] {
    const steps: Step[] = [];
    let isAdding = false;
    for (const request of this.requests) {
      const step = this.plan(request);
      if (this.hasLeft || (isAdding && step.kind === 'look')) break;
      steps.push(step.kind === 'look' ? this.lookAt(step.answer) : step);
      isAdding ||= step.kind === 'add';
      if (this.caller.isLeaving || steps.length === MAX_RUN) break;
    }
    return steps;
  }

  private lookAt(answer: () => string): Step {
    try {
      return { kind: 'told', answer: answer() };
    } catch (fault) {
      return { kind: 'told', answer: this.faultAnswer(fault) };
    }
  }

  private plan({ args, fault }: Request): Step {
    try {
      if (fault !== null) throw new CommandError(`ERR ${fault}`);
      return this.commands.plan(args, this.caller);
    } catch (refused) {
      if (isHttp(args)) {
        this.line.cut();
        this.hasLeft = true;
      }
      return { kind: 'told', answer: this.faultAnswer(refused) };
    }
  }

  private async answersTo(steps: readonly Step[]): Promise<string[]> {
    const adds = steps.flatMap((step): Counted[] => (step.kind === 'add' ? [step.counted] : []));
    let answers: string[];
    try {
      answers = adds.length === 0 ? [] : (await this.counting.keep(adds)).map(answerTo);
    } catch (fault) {
      answers = adds.map(() => this.faultAnswer(fault));
    }
    let next = 0;
    return steps.map((step) => {
      if (step.kind === 'told') return step.answer;
      next += 1;
      return answers[next - 1] ?? '';
    });
  }

  private faultAnswer(fault: unknown): string {
    if (fault instanceof CommandError) return error(fault.message);
    if (fault instanceof Unavailable) return error(`UNAVAILABLE ${fault.message}`);
    this.logger.error({ msg: 'a command failed', err: fault });
    return error('ERR internal error');
  }
}

function answerTo(kept: Kept): string {
  switch (kept.kind) {
    case 'kept':
      return integer(kept.reading.value);
    case 'overflow':
      return error(OVERFLOW);
    case 'key_reused':
      return error('ERR idempotency key was used for another command');
  }
}
