/** The tutorial's way: a controller, a service, TypeORM's repository; find, add and save in a transaction, then `SET`. */
import 'reflect-metadata';
import { Controller, Get, HttpCode, Injectable, Module, NotFoundException, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Redis } from 'ioredis';
import type { AddressInfo } from 'node:net';
import { Column, Entity, PrimaryColumn, Repository, UpdateDateColumn } from 'typeorm';
import { announce, variable } from './listen.js';

@Entity('saved')
class Counter {
  @PrimaryColumn('text')
  name!: string;

  @Column('bigint', { transformer: { from: Number, to: String } })
  value!: number;

  @UpdateDateColumn()
  updatedAt!: Date;
}

@Injectable()
class CountersService {
  private readonly redis = new Redis(variable('REDIS_URL'), { enableAutoPipelining: true });

  constructor(@InjectRepository(Counter) private readonly counters: Repository<Counter>) {}

  async increment(name: string): Promise<Counter> {
    const counter = await this.counters.manager.transaction(async (manager) => {
      const lock = { mode: 'pessimistic_write' } as const;
      let found = await manager.findOne(Counter, { where: { name }, lock });
      if (found === null) {
        // Two may create it at once; then both find it.
        await manager.createQueryBuilder().insert().into(Counter).values({ name, value: 0 }).orIgnore().execute();
        found = await manager.findOneOrFail(Counter, { where: { name }, lock });
      }
      found.value += 1;
      return manager.save(found);
    });
    await this.redis.set(name, JSON.stringify(counter));
    return counter;
  }

  async read(name: string): Promise<Counter> {
    const cached = await this.redis.get(name);
    if (cached !== null) return JSON.parse(cached) as Counter;
    const counter = await this.counters.findOneBy({ name });
    if (counter === null) throw new NotFoundException();
    await this.redis.set(name, JSON.stringify(counter));
    return counter;
  }
}

@Controller('v1/counters')
class CountersController {
  constructor(private readonly counters: CountersService) {}

  @Post(':name/increment')
  @HttpCode(200)
  increment(@Param('name') name: string): Promise<Counter> {
    return this.counters.increment(name);
  }

  @Get(':name')
  read(@Param('name') name: string): Promise<Counter> {
    return this.counters.read(name);
  }
}

@Module({
  imports: [
    // As many connections as the service has.
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: variable('DATABASE_URL'),
      entities: [Counter],
      synchronize: true,
      poolSize: 10,
    }),
    TypeOrmModule.forFeature([Counter]),
  ],
  controllers: [CountersController],
  providers: [CountersService],
})
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
announce(app.getHttpServer().address() as AddressInfo);
