import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { packageVersion } from '../config/package-version.js';
import { ProcessSettings } from '../config/processes.js';
import { Clock } from '../counters/clock.js';
import { LoopFaults } from '../counters/loop-faults.js';
import { Polls } from '../counters/polls.js';
import { Meters } from '../meters/meters.js';
import { type OutgoingMessage, type Tried, WebhookOutbox } from '../store/watches/webhook-outbox.js';
import { pauseAfterMs } from './backoff.js';
import { DestinationRefused, Destinations } from './destinations.js';
import { post } from './post.js';
import { signedHeaders } from './signature.js';

/** What is written down is on its way within this; a look at an empty table costs next to nothing. */
const LOOK_INTERVAL_MS = 1_000;

/** From the look-up of the name to the end of the answer: a receiver should take note, and work afterwards. */
const TRY_TIMEOUT_MS = 10_000;

/** Longer than a try takes: an instance that died in it leaves the message to others after this. */
const LEASE_MS = 30_000;

/** Messages under way at once, of this instance; and to one receiver, so that one that hangs holds up no other. */
const MAX_UNDER_WAY = 16;
const MAX_PER_WEBHOOK = 2;

/** Answers that came just before the end are still noted. */
const CLOSE_TIMEOUT_MS = 2_000;

const GONE = 410;

/** Sends what is in the outbox, from every instance but from no worker, whatever is with Redis. */
@Injectable()
export class WebhookDeliverer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger(WebhookDeliverer.name);
  private readonly faults = new LoopFaults(this.log);
  private readonly deliveryFaults = new LoopFaults(this.log);
  private readonly looks = new Polls(() => this.look(), LOOK_INTERVAL_MS);
  private readonly stopping = new AbortController();
  /** What is being delivered, by the id of the webhook that it goes to. */
  private readonly underWay = new Map<Promise<void>, string>();
  private readonly tries = { delivered: 0, failed: 0 };

  constructor(
    private readonly outbox: WebhookOutbox,
    private readonly destinations: Destinations,
    private readonly clock: Clock,
    private readonly process: ProcessSettings,
    meters: Meters,
  ) {
    meters.add(
      {
        kind: 'counter',
        name: 'evercount_webhook_tries_total',
        help: 'Tries of this instance to deliver a message, by what came of them',
        read: () => Object.entries(this.tries).map(([result, value]) => ({ labels: { result }, value })),
      },
      {
        kind: 'gauge',
        name: 'evercount_webhook_waiting',
        together: 'committer',
        help: 'Messages that wait to be delivered',
        read: async () => [{ labels: {}, value: (await outbox.backlog()).waiting }],
      },
      {
        kind: 'gauge',
        name: 'evercount_webhook_oldest_waiting_seconds',
        together: 'committer',
        help: 'Age of the oldest message that waits to be delivered',
        read: async () => [{ labels: {}, value: (await outbox.backlog()).oldestSeconds }],
      },
    );
  }

  onApplicationBootstrap(): void {
    if (this.process.role !== 'worker') this.looks.start();
  }

  /** What is under way and not answered soon is sent again by another instance, under the same id. */
  async beforeApplicationShutdown(): Promise<void> {
    const stopped = this.looks.stop();
    const timer = setTimeout(() => this.stopping.abort(), CLOSE_TIMEOUT_MS);
    await stopped;
    await Promise.all(this.underWay.keys());
    clearTimeout(timer);
  }

  private async look(): Promise<void> {
    try {
      const room = MAX_UNDER_WAY - this.underWay.size;
      if (room <= 0) return;
      for (const message of await this.outbox.take(room, MAX_PER_WEBHOOK, this.busy(), LEASE_MS)) this.begin(message);
      this.faults.clear();
    } catch (error) {
      this.faults.note(error);
    }
  }

  /** Webhooks to which as much is under way as may be. */
  private busy(): string[] {
    const counts = new Map<string, number>();
    for (const id of this.underWay.values()) counts.set(id, (counts.get(id) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= MAX_PER_WEBHOOK).map(([id]) => id);
  }

  private begin(message: OutgoingMessage): void {
    const sent = this.deliver(message)
      .then(
        () => this.deliveryFaults.clear(),
        (error: unknown) => this.deliveryFaults.note(error),
      )
      .finally(() => {
        this.underWay.delete(sent);
        // Where one went there may be more.
        this.looks.hurry();
      });
    this.underWay.set(sent, message.webhookId);
  }

  private async deliver(message: OutgoingMessage): Promise<void> {
    const tried = await this.try(message);
    // It was broken off here, which says nothing of the receiver: its lease ends, and another instance sends it.
    if (this.stopping.signal.aborted && tried.status === null) return;
    const isTaken = tried.fault === null;
    this.tries[isTaken ? 'delivered' : 'failed'] += 1;
    if (isTaken) await this.outbox.delivered(message, tried);
    else if (tried.status === GONE) {
      const isNews = await this.outbox.gone(message, tried, 'the receiver answered 410 (Gone)');
      const msg = 'a webhook is disabled, since its receiver answered 410';
      if (isNews) this.log.error({ msg, webhook: message.webhookId });
    } else if (!(await this.outbox.failed(message, tried, pauseAfterMs(message.attempt, Math.random())))) {
      const { webhookId: webhook, id } = message;
      this.log.error({ msg: 'a message was given up: its receiver did not take it', webhook, id, fault: tried.fault });
    }
  }

  private async try({ id, url, body, secrets }: OutgoingMessage): Promise<Tried> {
    const startedAtMs = this.clock.monotonicMs();
    const took = (): number => this.clock.monotonicMs() - startedAtMs;
    const late = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, late.signal]);
    const timer = setTimeout(() => late.abort(), TRY_TIMEOUT_MS);
    try {
      const destination = await Promise.race([this.destinations.find(url), aborted(signal)]);
      const headers = {
        'content-type': 'application/json',
        'user-agent': `evercount/${packageVersion()}`,
        ...signedHeaders(id, body, secrets, this.clock.moment().calendarMs),
      };
      const status = await post(destination, headers, body, signal);
      return { status, fault: status >= 200 && status < 300 ? null : `it answered ${status}`, tookMs: took() };
    } catch (error) {
      return { status: null, fault: late.signal.aborted ? LATE : faultOf(error), tookMs: took() };
    } finally {
      clearTimeout(timer);
      late.abort();
    }
  }
}

const LATE = `there was no answer within ${TRY_TIMEOUT_MS / 1_000} s`;

/** Fails when the signal is given: a look-up of a name takes none, and may last as long as it likes. */
async function aborted(signal: AbortSignal): Promise<never> {
  await sleep(2 * TRY_TIMEOUT_MS, undefined, { signal });
  throw new Error('the look at the name took too long');
}

/** What is told in the log of deliveries: a code, not what another server wrote. */
function faultOf(error: unknown): string {
  if (error instanceof DestinationRefused) return error.message;
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return `it could not be reached (${error.code})`;
  }
  return 'it could not be reached';
}
