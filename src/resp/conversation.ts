import { Unauthorized } from '../access/errors.js';
import type { Use } from '../access/known-keys.js';
import type { Line } from '../wire/line.js';
import { CommandError } from '../wire/resp/command-error.js';
import { error, QUEUED } from '../wire/resp/reply.js';
import { isHttp, type Request } from '../wire/resp/request-parser.js';
import { RequestTalk } from '../wire/resp/request-talk.js';
import type { Client } from './client.js';
import { type Step, told } from './command.js';
import type { CommandRunner, Repeatable, Run, Turn } from './command-runner.js';
import { ONCE } from './commands/once.js';
import { abortedBy, EXEC, WATCH } from './commands/transactions.js';
import { admit, commandIn, idempotencyKeyIn, namesIn, onceIn, type Ordered, ruleOf, writeIn } from './dispatch.js';
import { MAX_COMMANDS, MAX_NAMES } from './limits.js';
import type { OpenTransaction } from './transaction.js';

/** Commands that are in flight together; of a longer pipeline the next ones go on their way when these are answered. */
const MAX_RUN = 2_000;

/** Where callers take turns, so that nobody waits for a whole pipeline of somebody else's. */
const MAX_RUN_IN_TURN = 100;

/** Of who has shown no key: each is counted like a request of a stranger, and late past so many. */
const MAX_RUN_OF_STRANGER = 1;

const TOO_LARGE = `ERR the transaction is too large, at most ${MAX_COMMANDS} commands and ${MAX_NAMES} names are taken`;

const NO_REQUEST: Request = { args: [], bytes: 0, fault: null };

/** Commands of one connection: answered in their order, and each sees what those before it did. */
export class Conversation extends RequestTalk {
  /** How many of the requests were taken in hand. */
  private next = 0;
  /** Of the next request, where it was looked at already. */
  private planned: Turn | null = null;
  /** What was planned last by one client, where the same is planned for the same request again; else null. */
  private repeatable: Repeatable | null = null;
  /** What its key must be looked at for, where it must. */
  private lookedAtFor: Use = 'write';

  constructor(
    line: Line,
    private readonly client: Client,
    private readonly runner: CommandRunner,
    private readonly left: () => void,
  ) {
    super(line);
  }

  override read(bytes: Buffer): void {
    this.client.lastAtMs = performance.now();
    super.read(bytes);
  }

  override closed(): void {
    super.closed();
    this.left();
  }

  protected async work(): Promise<void> {
    const { runner } = this;
    // Nobody hears the answers of who has left, and what he did not wait for is not begun.
    while (this.next < this.requests.length && !this.hasLeft) {
      this.forgetAnswered();
      const refused = runner.admission.isShared ? await this.waitForTurn() : null;
      if (refused !== null) {
        this.line.write(refused);
        this.unanswered -= 1;
        continue;
      }
      const run = this.gather();
      if (run.kind !== 'told') this.line.flush();
      const answers = run.kind === 'look' ? await this.look() : await runner.answersTo(this.client, run);
      for (const answer of answers) this.line.write(answer);
      this.unanswered -= answers.length;
      for (const { bytes } of run.turns) this.unansweredBytes -= bytes;
      if (this.client.isLeaving) {
        this.hasLeft = true;
        this.line.end();
      }
    }
    this.requests = [];
    this.next = 0;
    this.rest();
  }

  /** Where most of them are: of a client that always has some on their way, they would else be kept for ever. */
  private forgetAnswered(): void {
    if (this.next * 2 < this.requests.length) return;
    this.requests.splice(0, this.next);
    this.next = 0;
  }

  /** Waits where others come first. Where too much waits, the next command is refused with what is returned. */
  private async waitForTurn(): Promise<string | null> {
    const { client, runner } = this;
    const turn = runner.admission.turn(client.credential, client.address);
    if (turn === null) return null;
    this.line.flush();
    try {
      await turn;
      return null;
    } catch (fault) {
      return this.refuseNext(fault);
    }
  }

  private refuseNext(fault: unknown): string {
    const { args, bytes } = this.requests[this.next] ?? NO_REQUEST;
    this.next += 1;
    this.planned = null;
    this.unansweredBytes -= bytes;
    return this.refused(args, fault);
  }

  /**
   * What is told of a command that was refused before it came to anything. Of a transaction all is done or nothing, and
   * EXEC ends it, come what may: who takes it for ended must not be told that what he asks for next was queued.
   */
  private refused([word = '']: readonly string[], fault: unknown): string {
    const { client, runner } = this;
    const answer = runner.faultAnswer(fault);
    if (word.toLowerCase() === EXEC) {
      client.endTransaction();
      return abortedBy(answer);
    }
    if (word.toLowerCase() === WATCH) client.isWatchLost = true;
    if (client.transaction !== null) client.transaction.isDoomed = true;
    return answer;
  }

  /** The next commands that go together: of one kind, and those among them that are told at once. */
  private gather(): Run {
    const turns: Turn[] = [];
    const most = this.longestRun();
    let kind: Run['kind'] = 'told';
    for (; this.next < this.requests.length && turns.length < most && !this.hasLeft; this.next += 1) {
      const turn = this.planned ?? this.plan(this.requests[this.next] ?? NO_REQUEST);
      this.planned = null;
      if (turn === null) {
        if (turns.length === 0) kind = 'look';
        break;
      }
      const own = turn.step.kind;
      const fits = own === 'told' || own === kind || (kind === 'told' && (own !== 'alone' || turns.length === 0));
      if (!fits) {
        this.planned = turn;
        break;
      }
      turns.push(turn);
      if (own !== 'told') kind = own;
      if (own === 'alone' || this.client.isLeaving) {
        this.next += 1;
        break;
      }
    }
    return { kind, turns };
  }

  private longestRun(): number {
    if (!this.runner.admission.isShared) return MAX_RUN;
    return this.client.credential === null ? MAX_RUN_OF_STRANGER : MAX_RUN_IN_TURN;
  }

  /** @returns null where the key must be looked at first */
  private plan(request: Request): Turn | null {
    const { repeatable } = this;
    if (repeatable?.request === request && this.client.transaction === null) return this.planAgain(repeatable);
    this.repeatable = null;
    const { args: given, bytes, fault } = request;
    const { client, runner } = this;
    let order: Ordered | null = null;
    try {
      if (fault !== null) throw new CommandError(`ERR ${fault}`);
      const found = commandIn(given, runner.words);
      const isOnce = found.name === ONCE.name;
      const idempotencyKey = isOnce ? idempotencyKeyIn(given) : null;
      const args = isOnce ? given.slice(2) : given;
      const command = isOnce ? writeIn(args, runner.words) : found;
      const rule = ruleOf(command, args);
      const grant = admit(runner.admission, client, rule);
      if (grant === null) {
        this.lookedAtFor = rule?.use ?? 'write';
        return null;
      }
      client.grant = grant;
      client.lastCommand = command.name;
      const names = namesIn(command.names, args, grant);
      order = { command, args, idempotencyKey, names, rule };
      const { transaction } = client;
      if (transaction !== null && command.inMulti !== 'now') return { step: queued(order, transaction), order, bytes };
      const step = command.plan(args, { client, names, isOnce });
      if (idempotencyKey !== null) onceIn(step);
      const turn: Turn = { step, order, bytes };
      const isRepeatable = (step.kind === 'read' || step.kind === 'increment') && transaction === null && !isOnce;
      if (isRepeatable) this.repeatable = { request, grant, turn, order };
      return turn;
    } catch (refused) {
      if (isHttp(given)) return this.hangUp(bytes);
      return { step: told(this.refused(given, refused)), order, bytes };
    }
  }

  /** The command before once more, right after it: it is let in anew, and all else about it is as it was. */
  private planAgain(before: Repeatable): Turn | null {
    const { client, runner } = this;
    const { request, order } = before;
    try {
      const grant = admit(runner.admission, client, order.rule);
      if (grant === null) {
        this.lookedAtFor = order.rule?.use ?? 'write';
        return null;
      }
      client.grant = grant;
      if (grant === before.grant) return before.turn;
      // What it may do has changed.
      const names = namesIn(order.command.names, order.args, grant);
      const turn = {
        ...before.turn,
        step: order.command.plan(order.args, { client, names, isOnce: false }),
        order: { ...order, names },
      };
      this.repeatable = { request, grant, turn, order: turn.order };
      return turn;
    } catch (refused) {
      return { step: told(runner.faultAnswer(refused)), order: null, bytes: request.bytes };
    }
  }

  /** Before it was let in, who speaks another protocol must not be answered in ours. */
  private hangUp(bytes: number): Turn {
    this.line.cut();
    this.hasLeft = true;
    return { step: told(''), order: null, bytes };
  }

  /** Looks at the key, so that the command that waits for it can be planned; where it is not good, answers it. */
  private async look(): Promise<readonly string[]> {
    const { client, runner } = this;
    const { credential, address } = client;
    if (credential === null) return [];
    try {
      await runner.admission.look(credential, this.lookedAtFor, address);
      return [];
    } catch (fault) {
      // It was revoked, or has expired: who has another one can say so.
      if (fault instanceof Unauthorized) client.credential = null;
      return [this.refuseNext(fault)];
    }
  }
}

function queued(order: Ordered, transaction: OpenTransaction): Step {
  const isFit = order.command.inMulti !== 'never' && order.idempotencyKey === null;
  if (isFit && transaction.add(order)) return told(QUEUED);
  transaction.isDoomed = true;
  return told(error(isFit ? TOO_LARGE : 'ERR Command not allowed inside a transaction'));
}
