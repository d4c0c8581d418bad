import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { WriteSettings } from '../../config/config.js';
import type { Delivery } from '../../domain/delivery.js';
import { CounterError, KeyInProgress, KeyReused, OutcomeUnknown, Unavailable } from '../../domain/errors.js';
import { Edges, type EdgeSummary, type Sender } from '../../store/edges.js';
import { StoreFailure } from '../../store/failure.js';
import { Changes } from '../changes/changes.js';
import { Clock } from '../clock.js';
import { Claims } from '../commits/claims.js';
import { Exposure } from '../commits/exposure.js';
import { NotWritten } from '../commits/lane.js';
import { askedKeyOf } from '../commits/pending-write.js';
import { againAfterConflicts, ANSWER_WITHIN_MS, sendUntilKnown, wasHeldUp } from '../commits/resend.js';
import { Ruling } from '../commits/verdict.js';
import { orUnavailable } from '../or-unavailable.js';
import { type DeliveryVerdict, type Item, KEY_REUSED, take } from './take.js';

/** Deliveries that are decided at once: each holds the rows of a thousand counters, and connections are few. */
const MAX_AT_ONCE = 2;

/** Others that wait for their turn, each with its body in memory; who comes then tries again later. */
const MAX_WAITING = 100;

/**
 * Takes what places without a network counted, each delivery exactly once: the row of its edge is moved in the transaction
 * that adds. What a commit has to look like for that is as for any other batch: see `DecisionLane`.
 */
@Injectable()
export class Deliveries {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly edges: Edges,
    private readonly claims: Claims,
    private readonly exposure: Exposure,
    private readonly changes: Changes,
    private readonly settings: WriteSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * @param items what the delivery brings, one for each of its items
   * @throws CounterError
   */
  async take(sender: Sender, delivery: Delivery, items: readonly Item[]): Promise<DeliveryVerdict> {
    const acceptedAtMs = this.clock.monotonicMs();
    await this.turn();
    try {
      const claimed = this.claims.areMade ? await this.claim(items, acceptedAtMs) : items;
      return await this.decide(sender, delivery, claimed, acceptedAtMs + ANSWER_WITHIN_MS);
    } catch (error) {
      if (error instanceof CounterError) throw error;
      if (wasHeldUp(error)) throw new KeyInProgress('The edge, or one of its counters, is held by another request.');
      if (error instanceof NotWritten || error instanceof StoreFailure) {
        throw new Unavailable('Postgres could not take the delivery in time; nothing was written.', 1, {
          cause: error,
        });
      }
      throw error;
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  /**
   * How far an edge has come; null: nothing was ever taken from it.
   *
   * @throws Unavailable
   */
  async find(id: string): Promise<EdgeSummary | null> {
    return orUnavailable(() => this.edges.find(id));
  }

  /**
   * Claims the keys of the items; those whose key stands for something else are refused alone.
   *
   * @throws CounterError where it is not known of each
   */
  private async claim(items: readonly Item[], acceptedAtMs: number): Promise<Item[]> {
    const writes = items.flatMap((item) => (item.kind === 'write' ? [item.write] : []));
    const claimed = (await this.claims.each(writes, { acceptedAtMs, span: null })).values();
    return items.map((item): Item => {
      if (item.kind === 'refused') return item;
      const { value: write = item.write } = claimed.next();
      if (write instanceof KeyReused) return { kind: 'refused', verdict: KEY_REUSED };
      if (write instanceof Error) throw write;
      return { ...item, write };
    });
  }

  private async decide(
    sender: Sender,
    delivery: Delivery,
    items: readonly Item[],
    deadlineMs: number,
  ): Promise<DeliveryVerdict> {
    const writes = items.flatMap((item) => (item.kind === 'write' ? [item.write] : []));
    const names = [...new Set(writes.map(({ operation }) => operation.name))];
    const batch = {
      id: randomUUID(),
      names,
      held: [],
      keys: writes.flatMap(askedKeyOf),
      keyTtlHours: this.settings.idempotencyTtlHours,
      creators: [...new Set(writes.flatMap(({ creator }) => creator?.keyId ?? []))],
    };
    const nonces = await this.exposure.leaseWanted(names);
    const sentAtMs = this.clock.monotonicMs();
    const send = () =>
      this.edges.run<DeliveryVerdict>(batch, sender, (locked, edge) => {
        const ruling = new Ruling(locked);
        const { verdict, move } = take(delivery, items, edge, ruling, locked.now);
        const { changed, creators, kept } = ruling;
        // Increments are no deeds.
        const deeds: [] = [];
        return { decisions: { changed, creators, kept, deeds, verdicts: [verdict] }, move };
      });
    const { verdicts, ended, clock } = await sendUntilKnown(() => againAfterConflicts(send), deadlineMs, this.clock);
    const [verdict] = verdicts;
    if (verdict === undefined) throw new Error('a delivery was not decided');
    const truths = 'truths' in verdict ? verdict.truths : [];
    try {
      await this.exposure.publish([...ended, ...truths], { sentAtMs, clock }, nonces);
    } catch {
      throw new OutcomeUnknown('It is decided, but cannot be told safely yet.');
    }
    this.changes.note([...ended, ...(verdict.kind === 'taken' ? truths : [])], sentAtMs);
    return verdict;
  }

  /** @throws Unavailable where too many wait already */
  private async turn(): Promise<void> {
    if (this.running >= MAX_AT_ONCE) {
      if (this.waiting.length >= MAX_WAITING) throw new Unavailable('Too many deliveries wait; nothing was written.');
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.running += 1;
  }
}
