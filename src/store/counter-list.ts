import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Counter } from '../domain/counter.js';
import { CounterEntity } from './entities/counter.entity.js';
import { readFailureOf } from './failure.js';
import { endOfPrefix } from './prefix.js';
import { Replication } from './replication.js';

/** A page of counters in byte order of their names. */
export interface Page {
  readonly prefix: string;
  /** Names after this one; null: from the first. */
  readonly after: string | null;
  /** 1 to 1000 counters. */
  readonly limit: number;
}

/** Lists counters straight from the truth; a list is not a snapshot, and not covered by the promise of single reads. */
@Injectable()
export class CounterList {
  constructor(
    private readonly dataSource: DataSource,
    private readonly replication: Replication,
  ) {}

  /**
   * One page, and whether there are more.
   *
   * @throws StoreFailure
   */
  async page({ prefix, after, limit }: Page): Promise<{ counters: Counter[]; hasMore: boolean }> {
    try {
      const query = this.dataSource
        .getRepository(CounterEntity)
        .createQueryBuilder('counter')
        .where('NOT counter.deleted')
        .andWhere('counter.name > :after', { after: after ?? '' })
        .orderBy('counter.name')
        .take(limit + 1);
      if (prefix !== '') query.andWhere('counter.name BETWEEN :prefix AND :end', { prefix, end: endOfPrefix(prefix) });
      const found = await query.getMany();
      await this.replication.confirm();
      return { counters: found.slice(0, limit).map(counterOfEntity), hasMore: found.length > limit };
    } catch (error) {
      throw readFailureOf(error);
    }
  }
}

function counterOfEntity(entity: CounterEntity): Counter {
  return {
    name: entity.name,
    value: Number(entity.value),
    version: Number(entity.version),
    min: entity.min === null ? null : Number(entity.min),
    max: entity.max === null ? null : Number(entity.max),
    expiresAt: entity.expiresAt?.toISOString() ?? null,
    createdAt: entity.createdAt.toISOString(),
    updatedAt: entity.updatedAt.toISOString(),
  };
}
