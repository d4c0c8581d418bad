/** Clients that write, with keys and without, alone and in batches. */
import { randomUUID } from 'node:crypto';
import { breachIn, type Fate, fateOf, fatesOf, isFinal } from './answers.js';
import type { Caller, Timed } from './caller.js';
import { drawBy, drawCounter, pathOf, RESET } from './counters.js';
import type { WriteOperation } from './history.js';
import type { HttpOutcome, HttpRequest } from './http-client.js';

const LARGEST_BATCH = 12;

/** Client numbers of one writer: one for each item of a batch, since items of a batch are at work at the same time. */
export const NUMBERS_PER_WRITER = LARGEST_BATCH;

interface Item {
  readonly name: string;
  readonly by: number;
}

/** A keyed request that was answered, kept to be sent again. */
interface Answered {
  readonly request: HttpRequest;
  readonly body: string;
  readonly etag: string | undefined;
}

export class Writer {
  private answered: Answered | null = null;

  /** @param number the first of its NUMBERS_PER_WRITER client numbers */
  constructor(
    private readonly caller: Caller,
    private readonly number: number,
  ) {}

  /** Writes something, drawn by lot, and answers a counter that it changed, or null. */
  async writeOnce(): Promise<string | null> {
    const draw = this.caller.random.next();
    if (draw < 0.35) return this.increment(null);
    if (draw < 0.7) return this.increment(randomUUID());
    if (draw < 0.77) return this.batch(null, false);
    if (draw < 0.84) return this.batch(randomUUID(), false);
    if (draw < 0.88) return this.batch(randomUUID(), true);
    if (draw < 0.9) return this.batch(null, true);
    if (draw < 0.93) return this.reset(randomUUID());
    if (draw < 0.96) return this.setIfUnchanged(randomUUID());
    return this.replay();
  }

  private async increment(key: string | null): Promise<string | null> {
    const { random } = this.caller;
    const name = drawCounter(random);
    const by = drawBy(name, random);
    const backwards = random.chance(0.2);
    const path = `${pathOf(name)}/${backwards ? 'decrement' : 'increment'}`;
    const request: HttpRequest = { method: 'POST', path, json: { by: backwards ? -by : by } };
    const sent = await this.send(request, key, (outcome) => isFinal(fateOf(outcome)));
    this.record([{ name, by }], [key], sent, (outcome) => [fateOf(outcome)]);
    if (key !== null && sent.timed !== null) this.keep(withKey(request, key), sent.timed.outcome);
    return sent.timed !== null && fateOf(sent.timed.outcome).kind === 'ok' ? name : null;
  }

  private async batch(key: string | null, atomic: boolean): Promise<string | null> {
    const { random } = this.caller;
    const items = Array.from({ length: random.whole(2, LARGEST_BATCH + 1) }, () => {
      const name = drawCounter(random);
      return { name, by: drawBy(name, random) };
    });
    const request: HttpRequest = { method: 'POST', path: '/v1/increments', json: { increments: items, atomic } };
    const fates = (outcome: HttpOutcome): Fate[] => fatesOf(outcome, items.length);
    const sent = await this.send(request, key, (outcome) => fates(outcome).every(isFinal));
    this.record(
      items,
      items.map((_, index) => (key === null ? null : `${key}/${index}`)),
      sent,
      fates,
    );
    return null;
  }

  /** Recorded as the increment that it was in effect; so it needs a key, by which its effect always becomes known. */
  private async reset(key: string): Promise<string | null> {
    const to = this.caller.random.whole(-50, 50);
    const request: HttpRequest = { method: 'POST', path: `${pathOf(RESET)}/reset`, json: { to } };
    const { timed } = await this.send(request, key, (outcome) => isFinal(fateOf(outcome)));
    const fate = timed === null ? null : fateOf(timed.outcome);
    if (timed === null || fate?.kind !== 'ok' || fate.previous === null) {
      this.caller.recorder.breach(`the reset ${key} never became known`);
      return null;
    }
    if (fate.value !== to) this.caller.recorder.breach(`the reset ${key} to ${to} was answered ${fate.value}`);
    const { startNs, endNs, tookMs } = timed;
    const operation = { client: this.number, counter: RESET, startNs, endNs, key, by: to - fate.previous };
    this.caller.recorder.write({ ...operation, kind: 'write', outcome: fate }, tookMs);
    return RESET;
  }

  /** Recorded as the increment that it was in effect: at the version it was made for, the value before is known. */
  private async setIfUnchanged(key: string): Promise<string | null> {
    const read = await this.caller.send({ method: 'GET', path: pathOf(RESET) });
    const seen = read === null ? null : fateOf(read.outcome);
    if (seen?.kind !== 'ok') return null;
    const value = this.caller.random.whole(-50, 50);
    const headers = { 'if-match': `"${seen.version}"` };
    const request: HttpRequest = { method: 'PUT', path: pathOf(RESET), json: { value }, headers };
    const sent = await this.send(request, key, (outcome) => isFinal(fateOf(outcome)));
    this.record([{ name: RESET, by: value - seen.value }], [key], sent, (outcome) => [fateOf(outcome)]);
    const fate = sent.timed === null ? null : fateOf(sent.timed.outcome);
    if (fate?.kind !== 'ok') return null;
    if (fate.version !== seen.version + 1 || fate.value !== value) {
      const what = `the set ${key} to ${value}, made for version ${seen.version},`;
      this.caller.recorder.breach(`${what} was answered ${fate.value} at version ${fate.version}`);
    }
    return RESET;
  }

  /** Sends an answered request again, to any instance: the answer must be the same, byte for byte. */
  private async replay(): Promise<null> {
    const { answered } = this;
    if (answered === null) return null;
    const timed = await this.caller.send(answered.request);
    if (timed?.outcome.kind !== 'answer') return null;
    const { status, body, headers } = timed.outcome;
    if (status === 503 || breachIn(timed.outcome) !== null || body.includes('"in_progress"')) return null;
    const same = body === answered.body && headers.etag === answered.etag && headers['idempotent-replayed'] === 'true';
    if (!same) {
      const { path } = answered.request;
      this.caller.recorder.breach(`${path} was answered ${answered.body}, and sent again by its key ${body}`);
    }
    return null;
  }

  private async send(
    request: HttpRequest,
    key: string | null,
    isKnown: (outcome: HttpOutcome) => boolean,
  ): Promise<{ readonly timed: Timed | null; readonly sentNs: bigint }> {
    const sentNs = process.hrtime.bigint();
    if (key !== null) return { timed: await this.caller.sendUntilKnown(withKey(request, key), isKnown), sentNs };
    const timed = await this.caller.send(request);
    if (timed !== null && !isKnown(timed.outcome)) this.caller.noteFailure('write', timed.outcome);
    return { timed, sentNs };
  }

  private record(
    items: readonly Item[],
    keys: readonly (string | null)[],
    { timed, sentNs }: { readonly timed: Timed | null; readonly sentNs: bigint },
    fatesIn: (outcome: HttpOutcome) => readonly Fate[],
  ): void {
    const fates = timed === null ? [] : fatesIn(timed.outcome);
    items.forEach(({ name, by }, index) => {
      const fate = fates[index] ?? { kind: 'unknown', why: 'given up' };
      const operation: WriteOperation = {
        kind: 'write',
        client: this.number + index,
        counter: name,
        startNs: timed?.startNs ?? sentNs,
        endNs: timed?.endNs ?? process.hrtime.bigint(),
        by,
        key: keys[index] ?? null,
        outcome: fate.kind === 'ok' ? fate : { kind: fate.kind },
      };
      this.caller.recorder.write(operation, timed?.tookMs ?? null);
    });
  }

  private keep(request: HttpRequest, outcome: HttpOutcome): void {
    if (outcome.kind !== 'answer' || outcome.status !== 200) return;
    const { etag } = outcome.headers;
    this.answered = { request, body: outcome.body, etag: typeof etag === 'string' ? etag : undefined };
  }
}

function withKey(request: HttpRequest, key: string): HttpRequest {
  return { ...request, headers: { ...request.headers, 'idempotency-key': key } };
}
