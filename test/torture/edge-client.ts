/** Clients of an edge, which is killed under their hands. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { breachIn, fateOf } from './answers.js';
import { pathOf } from './counters.js';
import type { EdgeLedger } from './edge-ledger.js';
import type { EdgeSite } from './edge-site.js';
import type { HttpClient, HttpOutcome } from './http-client.js';
import type { Random } from './random.js';
import type { Recorder } from './recorder.js';

/** Each edge has as many counters of its own, and all have as many together; the same again for increments with a key. */
const COUNTERS = 3;

const MOST = 3;

/** Until it is looked again whether the edge runs, or takes increments. */
const LOOK_MS = 20;

export class EdgeClient {
  constructor(
    private readonly site: EdgeSite,
    private readonly http: HttpClient,
    private readonly ledger: EdgeLedger,
    private readonly recorder: Recorder,
    private readonly random: Random,
    /** Past it nothing is sent again; milliseconds of performance.now(). */
    private readonly limits: { readonly giveUpAtMs: number },
  ) {}

  async countOnce(): Promise<void> {
    const { random } = this;
    const isKeyed = random.chance(0.5);
    const place = random.chance(0.5) ? `edge/${this.site.index}` : 'edges';
    const counter = `${place}/${isKeyed ? 'keyed' : 'plain'}/${random.whole(0, COUNTERS)}`;
    const by = random.whole(1, MOST + 1);
    await (isKeyed ? this.countKeyed(counter, by) : this.countPlain(counter, by));
  }

  /** Once: what was not answered may have been counted. */
  private async countPlain(counter: string, by: number): Promise<void> {
    const outcome = await this.send(counter, by, {});
    const fate = outcome === null ? null : fateOf(outcome);
    if (fate?.kind === 'ok') this.ledger.acknowledged(counter, by);
    if (fate?.kind === 'unknown') this.ledger.unknown(counter, by);
  }

  /** Under one key until it is answered: it has been counted then, and once. */
  private async countKeyed(counter: string, by: number): Promise<void> {
    const headers = { 'idempotency-key': randomUUID() };
    while (performance.now() < this.limits.giveUpAtMs) {
      const outcome = await this.send(counter, by, headers);
      if (outcome !== null && fateOf(outcome).kind === 'ok') {
        this.ledger.acknowledged(counter, by);
        return;
      }
      await sleep(LOOK_MS);
    }
    this.ledger.unknown(counter, by);
  }

  /** @returns null while the edge does not run */
  private async send(
    counter: string,
    by: number,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpOutcome | null> {
    const { url, index } = this.site;
    if (url === null) return null;
    const path = `${pathOf(counter)}/increment`;
    const outcome = await this.http.send(url, { method: 'POST', path, json: { by }, headers });
    const breach = breachIn(outcome);
    if (breach !== null) this.recorder.breach(`edge ${index} answered ${path} by ${breach}`);
    return outcome;
  }
}
