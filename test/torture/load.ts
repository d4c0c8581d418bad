/** Writers and readers at work until they are told to stop. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from './caller.js';
import { BOUNDED, LARGE, NAMES, pathOf, RESET } from './counters.js';
import type { Deployment } from './deployment.js';
import { HttpClient, type HttpRequest } from './http-client.js';
import type { Random } from './random.js';
import { Reader } from './readers.js';
import type { Recorder } from './recorder.js';
import { fateOf } from './answers.js';
import { RespCaller } from './resp-caller.js';
import { RespWorker } from './resp-worker.js';
import { WindowWorker } from './window-worker.js';
import { NUMBERS_PER_WRITER, Writer } from './writers.js';

/** Enough to have every kind of call under way at every moment, few enough for the servers to share two cores. */
const WRITERS = 12;
const READERS = 16;
const RESP_WORKERS = 6;
const WINDOW_WORKERS = 3;

/** Clients think between two requests, so that two cores are left to the service. */
const THINK_MS = 12;

/** After the last fault was healed, a keyed write must become known within this time. */
const SETTLE_MS = 40_000;

/** Share of writes that are read at once, by another client: nothing is more likely to be stale. */
const READ_OWN_WRITE_SHARE = 0.5;

export class Load {
  private readonly http = new HttpClient();
  private readonly limits = { giveUpAtMs: Infinity };
  private clients: Promise<void>[] = [];
  private working = true;
  private nextNumber = 0;

  constructor(
    private readonly deployment: Deployment,
    private readonly recorder: Recorder,
    private readonly random: Random,
  ) {}

  /** Creates the counters that need a beginning, then sets the clients to work. */
  async start(withEnds: boolean): Promise<void> {
    const { name, min, max } = BOUNDED;
    // In the words of the history, what sets a new counter to 0 is an increment by 0.
    await this.setUp({ method: 'PUT', path: pathOf(name), json: { value: 0, min, max } }, name, 0);
    for (const [counter, by] of [[LARGE.name, LARGE.start] as const, [RESET, 1] as const]) {
      await this.setUp({ method: 'POST', path: `${pathOf(counter)}/increment`, json: { by } }, counter, by);
    }
    for (let index = 0; index < WRITERS; index += 1) this.clients.push(this.runWriter());
    for (let index = 0; index < READERS; index += 1) this.clients.push(this.runReader());
    // What speaks no Redis protocol would leave each ONCE unknown until the end.
    if (this.deployment.instances.every(({ respPort }) => respPort === null)) return;
    for (let index = 0; index < RESP_WORKERS; index += 1) this.clients.push(this.runRespWorker());
    if (!withEnds) return;
    for (let index = 0; index < WINDOW_WORKERS; index += 1) this.clients.push(this.runWindowWorker());
  }

  /** A client with a number of its own; the first of each round stay with one instance each, the last one calls any. */
  client(): { readonly caller: Caller; readonly number: number } {
    const { number, home } = this.place();
    const caller = new Caller(this.http, this.deployment, this.recorder, this.random.fork(), this.limits, home);
    return { caller, number };
  }

  /** No new requests, and every keyed write known; then a last look at every counter through every instance. */
  async stop(): Promise<void> {
    this.working = false;
    this.limits.giveUpAtMs = performance.now() + SETTLE_MS;
    await Promise.all(this.clients);
    this.clients = [];
    const names = this.deployment.instances.flatMap(({ index }) => NAMES.map((name) => ({ name, index })));
    const look = async (): Promise<void> => {
      const { caller, number } = this.client();
      const reader = new Reader(caller, number);
      for (let next = names.pop(); next !== undefined; next = names.pop()) {
        await reader.read(next.name, 'cached', next.index);
      }
    };
    await Promise.all(Array.from({ length: READERS }, look));
  }

  /** Ends connections; what is still under way is lost. */
  close(): void {
    this.working = false;
    this.limits.giveUpAtMs = 0;
    this.http.close();
  }

  private async runWriter(): Promise<void> {
    const { caller, number } = this.client();
    const writer = new Writer(caller, number);
    // Of another instance, most of the time.
    const { caller: other, number: othersNumber } = this.client();
    const reader = new Reader(other, othersNumber);
    while (this.working) {
      const written = await writer.writeOnce();
      if (written !== null && caller.random.chance(READ_OWN_WRITE_SHARE)) await reader.read(written);
      await sleep(caller.random.next() * THINK_MS);
    }
  }

  private place(): { readonly number: number; readonly home: number | null } {
    const number = this.nextNumber;
    this.nextNumber += NUMBERS_PER_WRITER;
    const { length } = this.deployment.instances;
    const turn = (number / NUMBERS_PER_WRITER) % (length + 1);
    return { number, home: turn < length ? turn : null };
  }

  private async runRespWorker(): Promise<void> {
    const { number, home } = this.place();
    const caller = new RespCaller(this.deployment, this.recorder, this.random.fork(), this.limits, home);
    const worker = new RespWorker(caller, number);
    while (this.working) {
      await worker.workOnce();
      await sleep(caller.random.next() * THINK_MS);
    }
    caller.close();
  }

  private async runWindowWorker(): Promise<void> {
    const { caller } = this.client();
    const { home } = this.place();
    const resp = new RespCaller(this.deployment, this.recorder, this.random.fork(), this.limits, home);
    const worker = new WindowWorker(caller, resp, this.recorder.windows);
    while (this.working) {
      await worker.workOnce();
      await sleep(caller.random.next() * THINK_MS);
    }
    resp.close();
  }

  private async runReader(): Promise<void> {
    const { caller, number } = this.client();
    const reader = new Reader(caller, number);
    while (this.working) {
      await reader.readOnce();
      await sleep(caller.random.next() * THINK_MS);
    }
  }

  private async setUp(request: HttpRequest, counter: string, by: number): Promise<void> {
    const { caller, number } = this.client();
    const deadlineMs = performance.now() + SETTLE_MS;
    for (;;) {
      const timed = await caller.send(request);
      const fate = timed === null ? null : fateOf(timed.outcome);
      if (timed !== null && fate?.kind === 'ok') {
        const { startNs, endNs } = timed;
        const operation = { client: number, counter, startNs, endNs, key: null, by };
        this.recorder.write({ ...operation, kind: 'write', outcome: fate }, null);
        return;
      }
      const refusal = fate?.kind === 'refused' && !fate.final ? fate.why : null;
      // A busy machine may need a moment; what was refused has not counted.
      if (refusal === null || performance.now() > deadlineMs) {
        throw new Error(`${counter} could not be created: ${refusal ?? fate?.kind ?? 'no answer'}`);
      }
      await sleep(THINK_MS);
    }
  }
}
