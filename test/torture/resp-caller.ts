/** Sends commands to instances that run, each over a connection of its own, and takes the time of each. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from './deployment.js';
import type { Random } from './random.js';
import type { Failed, Recorder } from './recorder.js';
import { RespClient, RespError, type RespOutcome, type RespReply } from './resp-client.js';

export interface TimedReplies {
  readonly outcome: RespOutcome;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly tookMs: number;
  /** Who sent it. */
  readonly client: RespClient;
}

type Commands = readonly (readonly (string | number)[])[];

/** As the clients over HTTP do. */
const PAUSE_MS = 30;
const JITTER_MS = 120;
const LOOK_MS = 20;

/** What the service may say at any time, whatever its ground does; all else is a breach. */
const ALLOWED = /^(UNAVAILABLE|OUTCOMEUNKNOWN|TRYAGAIN|EXECABORT|ERR value is not an integer or out of range)/;

export class RespCaller {
  private readonly clients = new Map<number, RespClient>();

  /** @param home the instance it calls as long as that runs; null: any */
  constructor(
    private readonly deployment: Deployment,
    readonly recorder: Recorder,
    readonly random: Random,
    private readonly limits: { readonly giveUpAtMs: number },
    private readonly home: number | null,
  ) {}

  /** @returns null where no instance ran until all was over */
  async send(commands: Commands): Promise<TimedReplies | null> {
    for (;;) {
      for (const port of this.route()) {
        const client = this.clientOf(port);
        const timed = await this.time(client, commands, () => client.send(commands));
        if (timed.outcome.kind !== 'not_sent') return timed;
      }
      if (performance.now() > this.limits.giveUpAtMs) return null;
      await sleep(LOOK_MS);
    }
  }

  /** Sends it again and again until it is known what became of it, each time to any instance. */
  async sendUntilKnown(
    commands: Commands,
    isKnown: (replies: readonly RespReply[]) => boolean,
  ): Promise<TimedReplies | null> {
    let firstNs: bigint | null = null;
    while (performance.now() < this.limits.giveUpAtMs) {
      const timed = await this.send(commands);
      if (timed === null) return null;
      firstNs ??= timed.startNs;
      const { outcome } = timed;
      if (outcome.kind === 'replies' && isKnown(outcome.replies)) return { ...timed, startNs: firstNs };
      this.noteFailure('write', outcome);
      await sleep(PAUSE_MS + this.random.next() * JITTER_MS);
    }
    return null;
  }

  /** Sends it behind an earlier call, over the same connection, or not at all. */
  async follow({ client }: TimedReplies, commands: Commands): Promise<TimedReplies> {
    return this.time(client, commands, () => client.sendOnSame(commands));
  }

  noteFailure(what: Failed, outcome: RespOutcome): void {
    const fault = outcome.kind === 'replies' ? outcome.replies.find((reply) => reply instanceof RespError) : undefined;
    this.recorder.failed(what, outcome.kind !== 'replies' ? outcome.cause : (fault?.text.split(' ')[0] ?? 'no reply'));
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }

  private route(): readonly number[] {
    const { home } = this;
    return this.random
      .shuffled(this.deployment.instances)
      .sort((a, b) => Number(b.index === home) - Number(a.index === home))
      .flatMap(({ respPort }) => (respPort === null ? [] : [respPort]));
  }

  private async time(client: RespClient, commands: Commands, send: () => Promise<RespOutcome>): Promise<TimedReplies> {
    const startNs = process.hrtime.bigint();
    const outcome = await send();
    const endNs = process.hrtime.bigint();
    for (const reply of outcome.kind === 'replies' ? outcome.replies : []) {
      if (reply instanceof RespError && !ALLOWED.test(reply.text)) {
        this.recorder.breach(`${JSON.stringify(commands)} was answered ${reply.text}`);
      }
    }
    return { outcome, startNs, endNs, tookMs: Number(endNs - startNs) / 1e6, client };
  }

  private clientOf(port: number): RespClient {
    const known = this.clients.get(port);
    if (known !== undefined) return known;
    const client = new RespClient(port);
    this.clients.set(port, client);
    return client;
  }
}
