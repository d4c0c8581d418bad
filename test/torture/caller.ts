/** Sends requests to instances that run, and takes the time of each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { holdToDocument } from '../support/described.js';
import { breachIn } from './answers.js';
import type { Deployment, Instance } from './deployment.js';
import type { HttpClient, HttpOutcome, HttpRequest } from './http-client.js';
import type { Random } from './random.js';
import type { Recorder } from './recorder.js';

export interface Timed {
  readonly outcome: HttpOutcome;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly tookMs: number;
}

/** Pause before a keyed request is sent again, with jitter. */
const PAUSE_MS = 30;
const JITTER_MS = 120;

/** How long it takes until another look whether any instance runs. */
const LOOK_MS = 20;

export class Caller {
  constructor(
    private readonly http: HttpClient,
    private readonly deployment: Deployment,
    readonly recorder: Recorder,
    readonly random: Random,
    /** Past it nothing is sent again; milliseconds of performance.now(). */
    private readonly limits: { giveUpAtMs: number },
    /** The instance it calls as long as it runs, so that a frozen one does not stop everybody; null: any. */
    private readonly home: number | null,
  ) {}

  /**
   * Sends it once, to an instance that runs, or to the one named. Where nobody listens, the next one is tried, as a load
   * balancer would.
   *
   * @returns null when there was none until all was over
   */
  async send(request: HttpRequest, index?: number): Promise<Timed | null> {
    for (;;) {
      for (const instance of this.route(index)) {
        if (instance.url === null) continue;
        const timed = await this.time(instance.url, request, instance.isOfThisVersion);
        if (timed.outcome.kind !== 'not_sent' || index !== undefined) return timed;
      }
      if (performance.now() > this.limits.giveUpAtMs) return null;
      await sleep(LOOK_MS);
    }
  }

  /**
   * Sends it under its key, again and again, until its outcome is known, each time to any instance.
   *
   * @returns the last answer, timed from the first try; null when it never became known
   */
  async sendUntilKnown(request: HttpRequest, isKnown: (outcome: HttpOutcome) => boolean): Promise<Timed | null> {
    let firstNs: bigint | null = null;
    while (performance.now() < this.limits.giveUpAtMs) {
      const timed = await this.send(request);
      if (timed === null) return null;
      firstNs ??= timed.startNs;
      if (isKnown(timed.outcome)) return { ...timed, startNs: firstNs };
      this.noteFailure('write', timed.outcome);
      await sleep(PAUSE_MS + this.random.next() * JITTER_MS);
    }
    return null;
  }

  noteFailure(what: 'read' | 'write', outcome: HttpOutcome): void {
    if (outcome.kind !== 'answer') this.recorder.failed(what, outcome.cause);
    else this.recorder.failed(what, /"code":"(\w+)"/.exec(outcome.body)?.[1] ?? String(outcome.status));
  }

  /** The instances in the order in which they are tried. */
  private route(index: number | undefined): readonly Instance[] {
    const { instances } = this.deployment;
    if (index !== undefined) return instances.filter((one) => one.index === index);
    const shuffled = this.random.shuffled(instances);
    const { home } = this;
    if (home === null) return shuffled;
    return shuffled.sort((a, b) => Number(b.index === home) - Number(a.index === home));
  }

  private async time(url: string, request: HttpRequest, isOfThisVersion: boolean): Promise<Timed> {
    const startNs = process.hrtime.bigint();
    const outcome = await this.http.send(url, request);
    const endNs = process.hrtime.bigint();
    const breach = breachIn(outcome) ?? (isOfThisVersion ? undescribedIn(request, outcome) : null);
    if (breach !== null) this.recorder.breach(`${request.method} ${request.path} was answered ${breach}`);
    return { outcome, startNs, endNs, tookMs: Number(endNs - startNs) / 1e6 };
  }
}

/** What an answer has that the OpenAPI document has not, or null. */
function undescribedIn({ method, path }: HttpRequest, outcome: HttpOutcome): string | null {
  if (outcome.kind !== 'answer') return null;
  try {
    holdToDocument(method, path, outcome);
    return null;
  } catch (error) {
    return String(error);
  }
}
