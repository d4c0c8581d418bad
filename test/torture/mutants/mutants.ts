/** Services with one part made wrong: a torture that does not find it proves nothing about the right one. */
import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { TestingModuleBuilder } from '@nestjs/testing';
import { CounterCache } from '../../../src/cache/counter-cache.js';
import { Realm } from '../../../src/cache/realm.js';
import { CacheUnavailable } from '../../../src/cache/redis-connection.js';
import { CacheSettings } from '../../../src/config/config.js';
import { CacheGuard, type Permit } from '../../../src/counters/guard/cache-guard.js';
import { Exposure, type Nonces } from '../../../src/counters/commits/exposure.js';
import { Deliveries } from '../../../src/counters/deliveries/deliveries.js';
import type { DeliveryVerdict, Item } from '../../../src/counters/deliveries/take.js';
import type { Truth } from '../../../src/domain/counter.js';
import { BEGINNING, type Delivery } from '../../../src/domain/delivery.js';
import type { Sender } from '../../../src/store/edges.js';
import { IncrementBatches } from '../../../src/store/increment-batches.js';
import type { IncrementBatch, IncrementBatchResult } from '../../../src/store/increment-codec.js';
import type { StatementTimes } from '../../../src/store/statement-times.js';
import { NoIdentityCache, PlainSetCache, SetIfNewerCache } from './caches.js';
import type { MutantName } from './names.js';

/** Tells clients first, and the cache a moment later. */
@Injectable()
class AnswersFirst extends Exposure {
  override publish(truths: readonly Truth[], times: StatementTimes, nonces?: Nonces): Promise<void> {
    void super.publish(truths, times, nonces).catch(() => undefined);
    return Promise.resolve();
  }
}

/** Takes a cache that cannot be reached for no reason to keep others from reading it. */
@Injectable()
class TellsNobody extends CacheGuard {
  override async withClearance<T>(unit: number, publish: (permit: Permit) => Promise<T>): Promise<T | null> {
    const permit = this.permit();
    if (!this.serves(unit)) return null;
    try {
      return await publish(permit);
    } catch (error) {
      if (error instanceof CacheUnavailable) return null;
      throw error;
    }
  }
}

/** Takes what an edge delivers once more, since it heard no answer, for something new. */
@Injectable()
class TakesAgain extends Deliveries {
  override async take(sender: Sender, delivery: Delivery, items: readonly Item[]): Promise<DeliveryVerdict> {
    const verdict = await super.take(sender, delivery, items);
    if (verdict.kind !== 'repeated') return verdict;
    const anew = { ...delivery, from: BEGINNING.last, to: items.length, previous: BEGINNING.digest };
    return super.take({ ...sender, id: randomUUID() }, anew, items);
  }
}

/** Sends a batch whose answer was lost as if it were a new one. */
function forgetIds(batches: IncrementBatches): IncrementBatches {
  const apply = batches.apply.bind(batches);
  batches.apply = (batch: IncrementBatch, resent: boolean): Promise<IncrementBatchResult> =>
    apply({ ...batch, id: randomUUID() }, resent);
  return batches;
}

type Mutation = (module: TestingModuleBuilder) => TestingModuleBuilder;

const withCache =
  (Cache: new (realm: Realm, settings: CacheSettings) => CounterCache): Mutation =>
  (module) =>
    module.overrideProvider(CounterCache).useFactory({
      factory: (realm: Realm, settings: CacheSettings) => new Cache(realm, settings),
      inject: [Realm, CacheSettings],
    });

export const MUTATIONS: Readonly<Record<MutantName, Mutation>> = {
  'plain-set': withCache(PlainSetCache),
  'set-if-newer': withCache(SetIfNewerCache),
  'no-identity': withCache(NoIdentityCache),
  'answer-first': (module) => module.overrideProvider(Exposure).useClass(AnswersFirst),
  'no-guard': (module) => module.overrideProvider(CacheGuard).useClass(TellsNobody),
  'new-ids': (module) => module,
  'taken-again': (module) => module.overrideProvider(Deliveries).useClass(TakesAgain),
};

/** What cannot be replaced before the service is put together. */
export const REWIRINGS: Partial<Record<MutantName, (batches: IncrementBatches) => void>> = { 'new-ids': forgetIds };
