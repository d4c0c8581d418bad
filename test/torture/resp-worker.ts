/**
 * Clients over the Redis protocol, which tells values and no versions. So they work on counters that only ever grow by
 * one step of their own: their value says how often they were changed, and the same checker judges them beside what was
 * seen over HTTP.
 */
import { randomUUID } from 'node:crypto';
import { STEPPED, stepOf } from './counters.js';
import type { WriteOperation } from './history.js';
import type { RespCaller, TimedReplies } from './resp-caller.js';
import { RespError, type RespReply } from './resp-client.js';

/** Counters changed by one transaction, at most. */
const MOST_IN_TRANSACTION = 3;

/** Between and behind what is read: whether the value came from the cache while Postgres was away. */
const STATE = ['INFO', 'evercount'];
const UNVERIFIED = /^reads:unverified/m;

export class RespWorker {
  /** @param number the first of its client numbers: it takes one for each command of a transaction */
  constructor(
    private readonly caller: RespCaller,
    private readonly number: number,
  ) {}

  async workOnce(): Promise<void> {
    const name = this.caller.random.pick(STEPPED);
    const draw = this.caller.random.next();
    if (draw < 0.35) await this.read(name);
    else if (draw < 0.55) await this.increment(name);
    else if (draw < 0.7) await this.once(name);
    else if (draw < 0.8) await this.pipeline(name);
    else if (draw < 0.9) await this.transact();
    else await this.exchange(name);
  }

  private async read(name: string): Promise<void> {
    const timed = await this.caller.send([STATE, ['GET', name], STATE]);
    if (timed === null) return;
    const [before, reply, after] = repliesOf(timed);
    const value = valueIn(reply);
    if (value === null) {
      this.caller.noteFailure('read', timed.outcome);
      return;
    }
    // Looked at on both sides of it: the state may have turned meanwhile, but not there and back.
    const unverified = [before, after].some((state) => typeof state !== 'string' || UNVERIFIED.test(state));
    this.recordRead(name, value, timed, unverified);
  }

  /** `INCR` where that is the step, else `INCRBY`. */
  private async increment(name: string): Promise<void> {
    const timed = await this.caller.send([additionTo(name)]);
    this.recordWrites([name], null, timed, timed === null ? [] : repliesOf(timed));
  }

  /** Sent until its outcome is known, over whatever connection: it must count once. */
  private async once(name: string): Promise<void> {
    const id = randomUUID();
    const isKnown = ([reply]: readonly RespReply[]): boolean => !(reply instanceof RespError);
    const timed = await this.caller.sendUntilKnown([['ONCE', id, ...additionTo(name)]], isKnown);
    this.recordWrites([name], id, timed, timed === null ? [] : repliesOf(timed));
  }

  /** One after the other in one piece: each must see the one before. */
  private async pipeline(name: string): Promise<void> {
    const names = Array.from({ length: MOST_IN_TRANSACTION }, () => name);
    const timed = await this.caller.send(names.map(additionTo));
    this.recordWrites(names, null, timed, timed === null ? [] : repliesOf(timed));
  }

  /** All of it or nothing; what is read in it is of the same moment. */
  private async transact(): Promise<void> {
    const { random } = this.caller;
    const names = random.shuffled(STEPPED).slice(0, random.whole(1, MOST_IN_TRANSACTION + 1));
    const queued = names.flatMap((name) => [additionTo(name), ['GET', name]]);
    const timed = await this.caller.send([['MULTI'], ...queued, ['EXEC']]);
    const executed = timed === null ? undefined : repliesOf(timed).at(-1);
    const replies = Array.isArray(executed) ? (executed as readonly RespReply[]) : null;
    const added = names.map((_, index) => (replies === null ? (executed ?? null) : (replies[2 * index] ?? null)));
    this.recordWrites(names, null, timed, added);
    if (timed === null || replies === null) return;
    names.forEach((name, index) => {
      const [sum, value] = [replies[2 * index], valueIn(replies[2 * index + 1])];
      if (typeof sum === 'number' && sum !== value) {
        this.caller.recorder.breach(`a transaction added up to ${sum} of ${name}, and read ${String(value)}`);
      }
    });
  }

  /** Reads, and sets what it read and one step more, unless somebody was faster: nothing may be overwritten. */
  private async exchange(name: string): Promise<void> {
    const seen = await this.caller.send([
      ['WATCH', name],
      ['GET', name],
    ]);
    const value = seen === null ? null : valueIn(repliesOf(seen)[1]);
    if (seen === null || value === null) return;
    const to = value + stepOf(name);
    const timed = await this.caller.follow(seen, [['MULTI'], ['SET', name, to, 'GET', 'KEEPTTL'], ['EXEC']]);
    if (timed.outcome.kind === 'not_sent') return;
    const executed = repliesOf(timed).at(-1);
    // Somebody was faster.
    if (executed === null) return;
    if (!Array.isArray(executed)) {
      this.recordWrites([name], null, timed, [executed]);
      return;
    }
    const [before] = executed as readonly RespReply[];
    const replaced = valueIn(before);
    if (replaced !== value) {
      this.caller.recorder.breach(
        `WATCH let ${name} be set to ${to} over ${String(replaced)}, although it was ${value}`,
      );
    }
    this.recordWrites([name], null, timed, [to]);
  }

  private recordRead(counter: string, value: number, { startNs, endNs }: TimedReplies, unverified: boolean): void {
    const version = value / stepOf(counter);
    const { number: client } = this;
    this.caller.recorder.read({ kind: 'read', client, counter, startNs, endNs, value, version, unverified }, 'resp');
  }

  private recordWrites(
    names: readonly string[],
    key: string | null,
    timed: TimedReplies | null,
    replies: readonly (RespReply | undefined)[],
  ): void {
    if (timed !== null && replies.some((reply) => typeof reply !== 'number')) {
      this.caller.noteFailure('write', timed.outcome);
    }
    const nowNs = process.hrtime.bigint();
    names.forEach((counter, index) => {
      const operation: WriteOperation = {
        kind: 'write',
        client: this.number + index,
        counter,
        startNs: timed?.startNs ?? nowNs,
        endNs: timed?.endNs ?? nowNs,
        by: stepOf(counter),
        key,
        outcome: outcomeOf(counter, replies[index]),
      };
      this.caller.recorder.write(operation, timed?.tookMs ?? null);
    });
  }
}

function additionTo(name: string): readonly (string | number)[] {
  return stepOf(name) === 1 ? ['INCR', name] : ['INCRBY', name, stepOf(name)];
}

function repliesOf({ outcome }: TimedReplies): readonly (RespReply | undefined)[] {
  return outcome.kind === 'replies' ? outcome.replies : [];
}

/** Nothing there is 0; null where it was not answered. */
function valueIn(reply: RespReply | undefined): number | null {
  if (reply === null) return 0;
  return typeof reply === 'string' && /^-?\d+$/.test(reply) ? Number(reply) : null;
}

function outcomeOf(counter: string, reply: RespReply | undefined): WriteOperation['outcome'] {
  if (typeof reply === 'number') return { kind: 'ok', value: reply, version: reply / stepOf(counter), replayed: false };
  if (reply instanceof RespError && /^(UNAVAILABLE|EXECABORT)/.test(reply.text)) return { kind: 'refused' };
  return { kind: 'unknown' };
}
