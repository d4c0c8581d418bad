import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CacheSettings } from '../config/config.js';
import { CounterCache } from './counter-cache.js';
import { RedisConnection } from './redis-connection.js';

@Injectable()
class CloseConnection implements OnApplicationShutdown {
  constructor(private readonly connection: RedisConnection) {}

  onApplicationShutdown(): void {
    this.connection.close();
  }
}

/** The copy: a Redis that may vanish at any time. */
@Module({
  providers: [
    {
      provide: RedisConnection,
      inject: [CacheSettings],
      useFactory: ({ url }: CacheSettings) => new RedisConnection(url),
    },
    {
      provide: CounterCache,
      inject: [RedisConnection, CacheSettings],
      useFactory: (connection: RedisConnection, settings: CacheSettings) => new CounterCache(connection, settings),
    },
    CloseConnection,
  ],
  exports: [RedisConnection, CounterCache],
})
export class CacheModule {}
